package io.dragonfly.daemon.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** Which origins chose HTTP/2 when they last had the choice. Safe for use by many threads. */
final class Http2Origins {
  private static final int MAX_ENTRIES = 1000;
  private static final long TTL_NANOS = Duration.ofHours(1).toNanos();

  private final LongSupplier nanoTime;

  @GuardedBy("this")
  private final Map<String, Long> expirations = new LinkedHashMap<>();

  Http2Origins(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  synchronized boolean contains(OriginUrl url) {
    Long expires = expirations.get(url.authority());
    return expires != null && nanoTime.getAsLong() - expires < 0;
  }

  synchronized void add(OriginUrl url) {
    expirations.remove(url.authority());
    expirations.put(url.authority(), nanoTime.getAsLong() + TTL_NANOS);
    if (expirations.size() > MAX_ENTRIES) {
      expirations.remove(expirations.keySet().iterator().next());
    }
  }

  synchronized void remove(OriginUrl url) {
    expirations.remove(url.authority());
  }
}
