package io.dragonfly.daemon.proxy;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** Admits so many requests a second, and a second's worth at once. Safe for many threads. */
final class RequestRate {
  private final long gap;
  private final LongSupplier nanoTime;

  /** When the next request would be due if they came evenly. */
  private final AtomicLong due;

  RequestRate(int perSecond, LongSupplier nanoTime) {
    gap = TimeUnit.SECONDS.toNanos(1) / perSecond;
    this.nanoTime = nanoTime;
    due = new AtomicLong(nanoTime.getAsLong());
  }

  boolean admits() {
    while (true) {
      long now = nanoTime.getAsLong();
      long expected = due.get();
      long ahead = expected - now;
      if (ahead > TimeUnit.SECONDS.toNanos(1) - gap) {
        return false;
      }
      if (due.compareAndSet(expected, Math.max(ahead, 0) + now + gap)) {
        return true;
      }
    }
  }
}
