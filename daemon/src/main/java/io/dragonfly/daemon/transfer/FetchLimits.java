package io.dragonfly.daemon.transfer;

import java.time.Duration;

/**
 * How long a fetch waits before it gives its parent up.
 *
 * @param connect until the connection stands
 * @param firstByte from the request until the first byte of the answer
 * @param stall between two bytes of the answer
 * @param minimumBytesPerSecond slower than this over {@code stall} counts as stalled; 0 for no
 *     limit
 */
public record FetchLimits(
    Duration connect, Duration firstByte, Duration stall, long minimumBytesPerSecond) {
  public FetchLimits {
    requirePositive("connect", connect);
    requirePositive("firstByte", firstByte);
    requirePositive("stall", stall);
    if (minimumBytesPerSecond < 0) {
      throw new IllegalArgumentException("minimumBytesPerSecond is negative");
    }
  }

  public static FetchLimits defaults() {
    return new FetchLimits(Duration.ofSeconds(2), Duration.ofSeconds(10), Duration.ofSeconds(5), 0);
  }

  private static void requirePositive(String name, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(name + " must be positive, not " + value);
    }
  }
}
