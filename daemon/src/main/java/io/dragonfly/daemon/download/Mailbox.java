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
import org.jspecify.annotations.Nullable;

/**
 * Hands events to one owner, in order, one batch at a time, on a thread that exists only while
 * there are any. Once closed it takes no more.
 */
final class Mailbox {
  private final Executor threads;
  private final ScheduledExecutorService clock;
  private final Consumer<List<Event>> owner;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private List<Event> waiting = new ArrayList<>();

  @GuardedBy("lock")
  private boolean running;

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private @Nullable ScheduledFuture<?> alarm;

  Mailbox(Executor threads, ScheduledExecutorService clock, Consumer<List<Event>> owner) {
    this.threads = threads;
    this.clock = clock;
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
      if (running) {
        return true;
      }
      running = true;
    } finally {
      lock.unlock();
    }
    threads.execute(this::drain);
    return true;
  }

  /** A Tick comes after so long, in place of the one that was to come. */
  void wakeIn(long nanos) {
    lock.lock();
    try {
      if (alarm != null) {
        alarm.cancel(false);
        alarm = null;
      }
      if (!closed && nanos < Long.MAX_VALUE / 2) {
        alarm = clock.schedule(() -> post(new Event.Tick()), nanos, TimeUnit.NANOSECONDS);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Takes no more events; returns those that the owner has not got. */
  List<Event> close() {
    lock.lock();
    try {
      closed = true;
      if (alarm != null) {
        alarm.cancel(false);
        alarm = null;
      }
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
          return;
        }
        batch = waiting;
        waiting = new ArrayList<>();
      } finally {
        lock.unlock();
      }
      owner.accept(batch);
    }
  }
}
