package io.dragonfly.daemon.download;

import io.dragonfly.common.lifecycle.Cancellation;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The threads and limits that all downloads of a daemon share. */
final class Workshop implements AutoCloseable {
  private static final long SLICE = 50_000_000L;
  private static final int DIGEST_THREADS = 2;
  private static final long CLOSE_SECONDS = 5;
  private static final long IDLE_SECONDS = 10;

  final Downloads.Surroundings surroundings;
  final DownloadOptions options;

  /** Runs the downloads' mailboxes and reads origins. */
  final ExecutorService virtual =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("download-", 0).factory());

  /** Fetches pieces from parents. */
  final ExecutorService transfers;

  /** Compares digests of whole contents. */
  final ExecutorService digests =
      Executors.newFixedThreadPool(
          DIGEST_THREADS, Thread.ofPlatform().daemon().name("digest-", 0).factory());

  final ScheduledThreadPoolExecutor clock =
      new ScheduledThreadPoolExecutor(
          1, Thread.ofPlatform().daemon().name("download-clock").factory());

  final Rights rights;

  private final Semaphore originReads;
  private final long begin = System.nanoTime();

  Workshop(Downloads.Surroundings surroundings, DownloadOptions options) {
    this.surroundings = surroundings;
    this.options = options;
    this.transfers = transfers(options.transferThreads());
    this.originReads = new Semaphore(options.totalOriginReads());
    this.rights = new Rights(surroundings.sources(), options, System::nanoTime);
    clock.setRemoveOnCancelPolicy(true);
  }

  /** Threads that end when they have nothing to do; while they live, they keep their stacks. */
  private static ExecutorService transfers(int count) {
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            count,
            count,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().daemon().name("transfer-", 0).factory());
    threads.allowCoreThreadTimeOut(true);
    return threads;
  }

  /** Nanoseconds since the workshop opened. */
  long now() {
    return System.nanoTime() - begin;
  }

  /** Waits for leave to read an origin; false when cancelled meanwhile. */
  boolean enterOrigin(Cancellation cancellation) throws InterruptedException {
    while (!cancellation.isCancelled()) {
      if (originReads.tryAcquire(SLICE, TimeUnit.NANOSECONDS)) {
        return true;
      }
    }
    return false;
  }

  void leaveOrigin() {
    originReads.release();
  }

  /** Waits for its turn under a rate limit, or until cancelled. */
  void pause(long nanos, Cancellation cancellation) {
    long until = System.nanoTime() + nanos;
    for (long left = nanos; left > 0 && !cancellation.isCancelled(); ) {
      LockSupport.parkNanos(Math.min(left, SLICE));
      left = until - System.nanoTime();
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
    transfers.shutdownNow();
    digests.shutdownNow();
    virtual.shutdownNow();
    try {
      boolean _ = virtual.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
      boolean _ = transfers.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
