package io.dragonfly.daemon.download;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.IntSupplier;

/**
 * One task's share of the threads that all tasks have together: what exceeds it waits here. So a
 * task that holds its threads for long, because it may only come in slowly, leaves the others
 * theirs. Any thread.
 */
final class Lanes {
  private final Executor threads;
  private final IntSupplier most;

  @GuardedBy("this")
  private final Queue<Runnable> waiting = new ArrayDeque<>();

  @GuardedBy("this")
  private int taken;

  /**
   * @param most at a time, at least 1; asked for each piece of work
   */
  Lanes(Executor threads, IntSupplier most) {
    this.threads = threads;
    this.most = most;
  }

  /**
   * Runs the work when there is a lane and a thread for it.
   *
   * @throws RejectedExecutionException when the threads are gone; then it never runs
   */
  void execute(Runnable work) {
    synchronized (this) {
      if (taken >= most.getAsInt()) {
        waiting.add(work);
        return;
      }
      taken++;
    }
    start(work);
  }

  private void start(Runnable work) {
    boolean started = false;
    try {
      threads.execute(() -> {
        try {
          work.run();
        } finally {
          next();
        }
      });
      started = true;
    } finally {
      if (!started) {
        leave();
      }
    }
  }

  private synchronized void leave() {
    taken--;
  }

  /** A lane came free, and perhaps there are more of them now. */
  private void next() {
    leave();
    while (true) {
      Runnable work;
      synchronized (this) {
        if (waiting.isEmpty() || taken >= most.getAsInt()) {
          return;
        }
        work = waiting.remove();
        taken++;
      }
      try {
        start(work);
      } catch (RejectedExecutionException e) {
        return; // The daemon is closing: what waits was or will be aborted.
      }
    }
  }
}
