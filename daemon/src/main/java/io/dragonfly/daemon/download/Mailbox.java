package io.dragonfly.daemon.download;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Hands events to one owner, in order, one batch at a time, on a thread that exists only while
 * there are any. Once closed it takes no more.
 *
 * <p>Each batch costs the owner a look at everything. So what comes in crowds (news of parents,
 * counts of bytes) brings a batch no sooner than some time after the last one, unless something
 * else does; where it comes alone it does not wait.
 */
final class Mailbox {
  private static final long MILLISECOND = 1_000_000L;

  /** Beside the time that a piece takes it is little, beside that of a decision it is much. */
  private static final long NEWS_PAUSE = 5 * MILLISECOND;

  private static final long COUNTS_PAUSE = 100 * MILLISECOND;

  private final Executor threads;
  private final ScheduledExecutorService clock;
  private final LongSupplier now;
  private final Consumer<List<Event>> owner;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private List<Event> waiting = new ArrayList<>();

  @GuardedBy("lock")
  private boolean running;

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private long lastBatchAt = -COUNTS_PAUSE;

  /** Ends the pause after the last batch, where an event waits for that. */
  @GuardedBy("lock")
  private @Nullable ScheduledFuture<?> pause;

  @GuardedBy("lock")
  private @Nullable ScheduledFuture<?> alarm;

  @GuardedBy("lock")
  private long alarmAt;

  /**
   * @param clock calls later
   * @param now nanoseconds, zero or more
   */
  Mailbox(
      Executor threads,
      ScheduledExecutorService clock,
      LongSupplier now,
      Consumer<List<Event>> owner) {
    this.threads = threads;
    this.clock = clock;
    this.now = now;
    this.owner = owner;
  }

  /** Returns whether the owner will get it. */
  boolean post(Event event) {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      waiting.add(event);
      if (running || mayWait(event)) {
        return true;
      }
      running = true;
    } finally {
      lock.unlock();
    }
    threads.execute(this::drain);
    return true;
  }

  /** Whether a batch will come for the event without a call for one now. */
  @GuardedBy("lock")
  private boolean mayWait(Event event) {
    long left = lastBatchAt + pauseBefore(event) - now.getAsLong();
    if (left <= 0) {
      return false;
    }
    if (pause == null || pause.getDelay(TimeUnit.NANOSECONDS) > left) {
      stop(pause);
      pause = clock.schedule(this::endPause, left, TimeUnit.NANOSECONDS);
    }
    return true;
  }

  private static long pauseBefore(Event event) {
    return switch (event) {
      case Event.FetchProgress _, Event.OriginBytes _ -> COUNTS_PAUSE;
      case Event.ParentPiece _, Event.ParentBegins _ -> NEWS_PAUSE;
      case Event _ -> 0;
    };
  }

  private void endPause() {
    lock.lock();
    try {
      pause = null;
      if (closed || running || waiting.isEmpty()) {
        return;
      }
      running = true;
    } finally {
      lock.unlock();
    }
    threads.execute(this::drain);
  }

  /** A Tick comes after so long, or sooner: the next batch asks again. */
  void wakeIn(long nanos) {
    lock.lock();
    try {
      long at = now.getAsLong() + nanos;
      if (closed || nanos >= Long.MAX_VALUE / 2 || (alarm != null && alarmAt <= at)) {
        return;
      }
      stop(alarm);
      alarmAt = at;
      alarm = clock.schedule(this::ring, nanos, TimeUnit.NANOSECONDS);
    } finally {
      lock.unlock();
    }
  }

  private void ring() {
    lock.lock();
    try {
      alarm = null;
    } finally {
      lock.unlock();
    }
    post(new Event.Tick());
  }

  private static void stop(@Nullable ScheduledFuture<?> planned) {
    if (planned != null) {
      planned.cancel(false);
    }
  }

  /** Takes no more events; returns those that the owner has not got. */
  List<Event> close() {
    lock.lock();
    try {
      closed = true;
      stop(alarm);
      stop(pause);
      List<Event> left = waiting;
      waiting = new ArrayList<>();
      return left;
    } finally {
      lock.unlock();
    }
  }

  private void drain() {
    while (true) {
      List<Event> batch;
      lock.lock();
      try {
        if (waiting.isEmpty()) {
          running = false;
          lastBatchAt = now.getAsLong();
          return;
        }
        batch = waiting;
        waiting = new ArrayList<>();
        stop(pause);
        pause = null;
      } finally {
        lock.unlock();
      }
      owner.accept(batch);
    }
  }
}
