package io.dragonfly.daemon.rpc;

import java.util.concurrent.Semaphore;

/**
 * Memory for pieces that travel inside answers, shared by all calls of a daemon. Who asks waits
 * until there is room; a piece larger than the whole limit takes all of it, if it is {@link
 * #isPossible possible}.
 */
final class MemoryLimit {
  private static final int UNIT = 64 << 10;

  /** Upstream's longest piece: one of it is let through whatever the limit. */
  private static final long USUAL_LONGEST = 64L << 20;

  /** One message of gRPC has less than 2 GiB. */
  private static final long LONGEST_ANSWER = 1L << 30;

  private final Semaphore units;
  private final int all;

  MemoryLimit(long bytes) {
    all = Math.clamp(bytes / UNIT, 1, Integer.MAX_VALUE);
    units = new Semaphore(all, true);
  }

  /** Whether so much can be had at once at all. */
  boolean isPossible(long bytes) {
    return bytes <= Math.max(Math.min((long) all * UNIT, LONGEST_ANSWER), USUAL_LONGEST);
  }

  /** Takes memory for {@code bytes}; closing gives it back. */
  Share take(long bytes) throws InterruptedException {
    int count = Math.clamp((bytes + UNIT - 1) / UNIT, 1, all);
    units.acquire(count);
    return new Share(units, count);
  }

  /** Memory taken; closing twice gives it back once. */
  static final class Share implements AutoCloseable {
    private final Semaphore units;
    private int count;

    private Share(Semaphore units, int count) {
      this.units = units;
      this.count = count;
    }

    @Override
    public void close() {
      units.release(count);
      count = 0;
    }
  }
}
