package io.dragonfly.common.limit;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * A token bucket whose rate several payers share: whatever is owed is paid at the rate, to all who
 * owe in equal parts at every moment. So one who takes less than its part leaves the rest to the
 * others, one who joins has its part at once, and it does not matter how many connections a payer
 * has.
 *
 * <p>A payer takes what it is about to move and is told when that will be paid, if nobody else
 * takes anything meanwhile; where others do, its debt is not quite paid when it goes on, and counts
 * next time. So requests of any size are served and nobody waits under the lock. An idle bucket
 * saves up at most {@value #BURST_MILLIS} milliseconds of its rate.
 *
 * <p>Any thread. Payers are told apart by {@code equals}; those that owe nothing take no memory.
 */
public final class FairBucket {
  /**
   * A rate from which on nothing is limited: 50 GB/s, upstream's default, is more than what a
   * network brings.
   */
  public static final long UNLIMITED = 50_000_000_000L;

  static final long BURST_MILLIS = 20;

  /** A grain is what this part of a second brings, and not less than the smallest. */
  private static final long GRAINS_PER_SECOND = 256;

  private static final int SMALLEST_GRAIN = 1024;
  private static final double NANOS = 1e9;

  private final LongSupplier nanoTime;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile long rate;

  /** What each payer in debt has been paid since the bucket was last without debts. */
  @GuardedBy("lock")
  private double paid;

  @GuardedBy("lock")
  private double savings;

  @GuardedBy("lock")
  private long paidAt;

  @GuardedBy("lock")
  private final Map<Object, Debt> debts = new HashMap<>();

  @GuardedBy("lock")
  private final PriorityQueue<Debt> byEnd =
      new PriorityQueue<>((a, b) -> Double.compare(a.end, b.end));

  /** A payer's debt ends when every payer was paid {@code end}. */
  private static final class Debt {
    final Object payer;
    double end;

    Debt(Object payer, double end) {
      this.payer = payer;
      this.end = end;
    }
  }

  /**
   * Throws {@link IllegalArgumentException} unless the rate is at least 1.
   *
   * @param nanoTime a monotonic clock, as {@link System#nanoTime}
   */
  public FairBucket(long bytesPerSecond, LongSupplier nanoTime) {
    this.rate = checked(bytesPerSecond);
    this.nanoTime = nanoTime;
    this.paidAt = nanoTime.getAsLong();
    this.savings = burst(bytesPerSecond);
  }

  /** A bucket on the system's clock. */
  public static FairBucket ofRate(long bytesPerSecond) {
    return new FairBucket(bytesPerSecond, System::nanoTime);
  }

  public long bytesPerSecond() {
    return rate;
  }

  /**
   * Another rate from now on, also for what is owed. Who waits already, waits as it was told.
   *
   * <p>Throws {@link IllegalArgumentException} unless the rate is at least 1.
   */
  public void bytesPerSecond(long bytesPerSecond) {
    checked(bytesPerSecond);
    lock.lock();
    try {
      pay();
      rate = bytesPerSecond;
      savings = Math.min(savings, burst(bytesPerSecond));
      if (bytesPerSecond >= UNLIMITED) {
        debts.clear();
        byEnd.clear();
        paid = 0;
      }
    } finally {
      lock.unlock();
    }
  }

  /** The bucket as one payer sees it. */
  public Pace paceOf(Object payer) {
    return new Pace() {
      @Override
      public long reserve(long bytes) {
        return FairBucket.this.reserve(payer, bytes);
      }

      @Override
      public int grain(int most) {
        return FairBucket.this.grain(most);
      }
    };
  }

  /** As {@link Pace#reserve}, for this payer. */
  public long reserve(Object payer, long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("cannot reserve " + bytes + " bytes");
    }
    if (rate >= UNLIMITED) {
      return 0;
    }
    lock.lock();
    try {
      pay();
      double fromSavings = Math.min(savings, (double) bytes);
      savings -= fromSavings;
      double owed = bytes - fromSavings;
      Debt debt = debts.get(payer);
      if (owed <= 0 && debt == null) {
        return 0;
      }
      if (debt == null) {
        debt = new Debt(payer, paid);
        debts.put(payer, debt);
      } else {
        byEnd.remove(debt);
      }
      debt.end += owed;
      byEnd.add(debt);
      return (long) Math.ceil(untilPaid(debt) / rate * NANOS);
    } finally {
      lock.unlock();
    }
  }

  /** As {@link Pace#grain}. */
  public int grain(int most) {
    long now = rate;
    return now >= UNLIMITED
        ? most
        : (int) Math.min(most, Math.max(SMALLEST_GRAIN, now / GRAINS_PER_SECOND));
  }

  /** What all together are paid until this debt is: the others' debts, up to its own size. */
  @GuardedBy("lock")
  private double untilPaid(Debt debt) {
    double sum = 0;
    for (Debt other : byEnd) {
      sum += Math.min(other.end, debt.end) - paid;
    }
    return sum;
  }

  /** Pays what the time since the last look brought. */
  @GuardedBy("lock")
  private void pay() {
    long now = nanoTime.getAsLong();
    double purse = Math.max(0, now - paidAt) * (rate / NANOS);
    paidAt = now;
    while (!byEnd.isEmpty()) {
      Debt next = byEnd.peek();
      double needed = (next.end - paid) * byEnd.size();
      if (needed > purse) {
        paid += purse / byEnd.size();
        return;
      }
      purse -= needed;
      paid = next.end;
      byEnd.poll();
      debts.remove(next.payer);
    }
    paid = 0; // so that sums stay small, and exact
    savings = Math.min(savings + purse, burst(rate));
  }

  private static double burst(long bytesPerSecond) {
    return bytesPerSecond * (BURST_MILLIS / 1000.0);
  }

  private static long checked(long bytesPerSecond) {
    if (bytesPerSecond < 1) {
      throw new IllegalArgumentException(
          "rate " + bytesPerSecond + " is not valid: it must be at least 1 byte per second");
    }
    return bytesPerSecond;
  }
}
