package io.dragonfly.daemon.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Where redirects led lately, so that a task's ranges do not each ask for the way again. The key
 * holds the request's credentials (as a fingerprint): a signed target is never used for anybody who
 * could not have got it. Safe for use by many threads.
 */
final class RedirectCache {
  /**
   * @param headers what the redirects said about the content
   */
  record Target(OriginUrl url, Map<String, String> headers) {}

  private record Entry(Target target, long expires) {}

  private static final int MAX_ENTRIES = 1000;

  private final long ttlNanos;
  private final LongSupplier nanoTime;

  @GuardedBy("this")
  private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

  RedirectCache(Duration ttl, LongSupplier nanoTime) {
    this.ttlNanos = ttl.toNanos();
    this.nanoTime = nanoTime;
  }

  synchronized Optional<Target> find(String key) {
    Entry entry = entries.get(key);
    if (entry == null) {
      return Optional.empty();
    }
    if (nanoTime.getAsLong() - entry.expires >= 0) {
      entries.remove(key);
      return Optional.empty();
    }
    return Optional.of(entry.target);
  }

  synchronized void put(String key, Target target) {
    entries.put(key, new Entry(target, nanoTime.getAsLong() + ttlNanos));
    if (entries.size() > MAX_ENTRIES) {
      entries.remove(entries.keySet().iterator().next());
    }
  }

  synchronized void remove(String key) {
    entries.remove(key);
  }
}
