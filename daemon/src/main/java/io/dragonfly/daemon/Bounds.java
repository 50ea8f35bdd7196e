package io.dragonfly.daemon;

import io.dragonfly.common.config.ByteSize;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Checks of configuration values; each failure names the key, the value and what is allowed. */
final class Bounds {
  private static final long DEFAULT_BANDWIDTH = 50_000_000_000L;

  private Bounds() {}

  static void check(String key, long value, long low, long high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          key + ": " + value + " is not between " + low + " and " + high);
    }
  }

  /** A port; 0 lets the system choose one. */
  static int port(String key, @Nullable Integer value, int otherwise) {
    int port = value == null ? otherwise : value;
    check(key, port, 0, 65535);
    return port;
  }

  /** Requests per second or in a queue. */
  static int requests(String key, @Nullable Integer value, int otherwise) {
    int count = value == null ? otherwise : value;
    check(key, count, 1, 1_000_000);
    return count;
  }

  static ByteSize rate(String key, @Nullable ByteSize value) {
    ByteSize rate = value == null ? new ByteSize(DEFAULT_BANDWIDTH) : value;
    check(key, rate.bytes(), 1, Long.MAX_VALUE);
    return rate;
  }

  static Duration duration(String key, @Nullable Duration value, Duration otherwise) {
    Duration duration = value == null ? otherwise : value;
    if (duration.compareTo(Duration.ofMillis(1)) < 0
        || duration.compareTo(Duration.ofDays(3650)) > 0) {
      throw new IllegalArgumentException(
          key + ": " + duration + " is not between 1ms and 3650 days");
    }
    return duration;
  }
}
