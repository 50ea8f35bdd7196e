package io.dragonfly.common.limit;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Limits bytes per second by debt: a caller takes what it has already moved (or is about to move)
 * at once, and is told how long to wait until the bucket has paid for it. So a request larger than
 * the bucket never starves, and nobody waits under a lock. An idle bucket saves up at most {@value
 * #BURST_MILLIS} milliseconds of its rate.
 *
 * <p>Kept as one number, the time at which all debt is paid. Any thread; no allocation.
 */
public final class TokenBucket {
  /** Rate of a bucket that limits nothing. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  static final long BURST_MILLIS = 100;

  private static final long BURST_NANOS = BURST_MILLIS * 1_000_000;
  // Debts end here (some 73 years), so that sums never overflow.
  private static final long MAX_DEBT_NANOS = Long.MAX_VALUE / 4;

  private final long bytesPerSecond;
  private final LongSupplier nanoTime;
  private final long origin;
  private final AtomicLong paidAt = new AtomicLong(-BURST_NANOS);

  /**
   * Throws {@link IllegalArgumentException} unless the rate is at least 1.
   *
   * @param nanoTime a monotonic clock, as {@link System#nanoTime}
   */
  public TokenBucket(long bytesPerSecond, LongSupplier nanoTime) {
    if (bytesPerSecond < 1) {
      throw new IllegalArgumentException(
          "rate " + bytesPerSecond + " is not valid: it must be at least 1 byte per second");
    }
    this.bytesPerSecond = bytesPerSecond;
    this.nanoTime = nanoTime;
    this.origin = nanoTime.getAsLong();
  }

  /** A bucket on the system's clock. */
  public static TokenBucket ofRate(long bytesPerSecond) {
    return new TokenBucket(bytesPerSecond, System::nanoTime);
  }

  public long bytesPerSecond() {
    return bytesPerSecond;
  }

  /** Takes the bytes and returns the nanoseconds to wait before going on; 0 means now. */
  public long reserve(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("cannot reserve " + bytes + " bytes");
    }
    if (bytesPerSecond == UNLIMITED) {
      return 0;
    }
    long cost = (long) Math.ceil(bytes * 1e9 / bytesPerSecond);
    while (true) {
      long now = nanoTime.getAsLong() - origin;
      long before = paidAt.get();
      long from = Math.max(before, now - BURST_NANOS);
      long debt = Math.min(from - now + Math.min(cost, MAX_DEBT_NANOS), MAX_DEBT_NANOS);
      if (paidAt.compareAndSet(before, now + debt)) {
        return Math.max(0, debt);
      }
    }
  }
}
