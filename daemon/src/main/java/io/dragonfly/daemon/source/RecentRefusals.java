package io.dragonfly.daemon.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What origins refused a moment ago, so that a crowd that wants what is not there, or may not have
 * it, does not ask for each of its members. The key holds the request's credentials (as a
 * fingerprint): nobody hears a refusal that was meant for another. While somebody takes a first
 * look at a URL, others wait for what it hears, for a bounded time; unless it is refused, they then
 * go by themselves. Safe for use by many threads.
 */
final class RecentRefusals {
  /** Answers that stay the same for a moment; all others may be another one the next time. */
  private static final Set<Integer> STATUSES = Set.of(401, 403, 404, 410);

  private static final int MAX_ENTRIES = 1000;
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(2);

  private record Entry(OriginException refusal, long expires) {}

  private final long ttlNanos;
  private final LongSupplier nanoTime;

  @GuardedBy("this")
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  /** Looks under way; bounded by the requests there are. */
  @GuardedBy("this")
  private final Map<String, CompletableFuture<@Nullable Void>> looks = new HashMap<>();

  /**
   * @param ttl how long a refusal counts; zero to remember none
   */
  RecentRefusals(Duration ttl, LongSupplier nanoTime) {
    this.ttlNanos = ttl.toNanos();
    this.nanoTime = nanoTime;
  }

  /** One look. Close it when its answer is there, or there is none. */
  final class Look implements AutoCloseable {
    private final String key;
    private final CompletableFuture<@Nullable Void> over;

    private Look(String key, CompletableFuture<@Nullable Void> over) {
      this.key = key;
      this.over = over;
    }

    /** The origin answered by this failure. */
    void failed(OriginException failure) {
      if (failure.status().isPresent() && STATUSES.contains(failure.status().getAsInt())) {
        put(key, failure);
      }
    }

    @Override
    public void close() {
      synchronized (RecentRefusals.this) {
        looks.remove(key, over);
      }
      over.complete(null);
    }
  }

  /**
   * Begins a look, perhaps after another one at the same.
   *
   * @throws OriginException what the origin answered a moment ago
   */
  Look begin(String key, Abort abort) throws OriginException {
    CompletableFuture<@Nullable Void> mine = new CompletableFuture<>();
    CompletableFuture<@Nullable Void> other;
    synchronized (this) {
      throwIfRefused(key);
      other = ttlNanos == 0 ? null : looks.putIfAbsent(key, mine);
    }
    if (other != null) {
      abort.await(other, LONGEST_WAIT);
      throwIfRefused(key);
    }
    return new Look(key, mine);
  }

  private synchronized void throwIfRefused(String key) throws OriginException {
    Entry entry = entries.get(key);
    if (entry != null && nanoTime.getAsLong() - entry.expires < 0) {
      throw entry.refusal.again();
    }
    entries.remove(key);
  }

  private synchronized void put(String key, OriginException refusal) {
    if (ttlNanos == 0) {
      return;
    }
    entries.remove(key);
    entries.put(key, new Entry(refusal, nanoTime.getAsLong() + ttlNanos));
    if (entries.size() > MAX_ENTRIES) {
      entries.remove(entries.keySet().iterator().next());
    }
  }
}
