package io.dragonfly.cli;

import org.jspecify.annotations.Nullable;

/**
 * The clock of one download: repaints the progress bar, and closes what the download runs on when
 * the time limit is reached, for a blocking read has no limit of its own.
 */
final class Ticker implements AutoCloseable {
  private static final long BEAT_MILLIS = 200;

  private final Thread thread;
  private final @Nullable ProgressBar bar;
  private final long deadline;
  private volatile boolean stopped;
  private volatile boolean expired;
  private volatile @Nullable AutoCloseable current;

  /**
   * @param limitNanos time from now, more than 0
   */
  Ticker(@Nullable ProgressBar bar, long limitNanos) {
    this.bar = bar;
    this.deadline = System.nanoTime() + limitNanos;
    this.thread = new Thread(this::run, "dfget-ticker");
    thread.setDaemon(true);
    thread.start();
  }

  /** What to close at the limit. Closed at once if that has passed. */
  void watch(AutoCloseable download) {
    current = download;
    if (expired) {
      close(download);
    }
  }

  /** Whether the limit was reached. */
  boolean isExpired() {
    return expired;
  }

  private void run() {
    while (!stopped) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        expired = true;
        AutoCloseable download = current;
        if (download != null) {
          close(download);
        }
        return;
      }
      try {
        Thread.sleep(Math.min(left, BEAT_MILLIS));
      } catch (InterruptedException e) {
        return;
      }
      if (bar != null && !stopped) {
        bar.tick();
      }
    }
  }

  private static void close(AutoCloseable download) {
    try {
      download.close();
    } catch (Exception e) {
      // The download fails with what this brings about, which is said there.
    }
  }

  @Override
  public void close() {
    stopped = true;
    thread.interrupt();
  }
}
