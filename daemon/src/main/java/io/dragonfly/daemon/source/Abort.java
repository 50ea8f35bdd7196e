package io.dragonfly.daemon.source;

import io.dragonfly.common.lifecycle.Cancellation;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.jspecify.annotations.Nullable;

/**
 * What ends one look at an origin from another thread: the caller's cancellation, the source being
 * closed, or the deadline. It closes the socket in use at that moment, or wakes the pause. The
 * first reason counts.
 */
final class Abort implements AutoCloseable {
  /** Why a request was ended from outside. */
  enum Reason {
    CANCELLED,
    CLOSED,
    DEADLINE
  }

  private final AtomicReference<@Nullable Reason> reason = new AtomicReference<>();
  private final CompletableFuture<@Nullable Void> woken = new CompletableFuture<>();
  private final Cancellation.Registration byCaller;
  private final Cancellation.Registration bySource;
  private volatile @Nullable HttpUriRequestBase current;
  private volatile @Nullable ScheduledFuture<?> timer;

  Abort(Cancellation caller, Cancellation source) {
    byCaller = caller.onCancel(() -> end(Reason.CANCELLED));
    bySource = source.onCancel(() -> end(Reason.CLOSED));
  }

  /** Sets the timer that will call {@link #deadlineReached}. */
  void timer(ScheduledFuture<?> future) {
    timer = future;
  }

  void deadlineReached() {
    end(Reason.DEADLINE);
  }

  /** From now on, ending means ending this request; at once if that has come already. */
  void attach(HttpUriRequestBase request) {
    current = request;
    if (reason.get() != null) {
      request.cancel();
    }
  }

  /** The answer has come: only the callers can end it now. */
  void stopTimer() {
    ScheduledFuture<?> future = timer;
    if (future != null) {
      future.cancel(false);
    }
  }

  @Nullable Reason reason() {
    return reason.get();
  }

  /**
   * Waits.
   *
   * @return whether the time is over; false if something ended the wait, or interrupted the thread
   */
  boolean pause(Duration time) {
    await(woken, time);
    return !woken.isDone();
  }

  /** Waits for the event, but no longer than this and no longer than until the end. */
  void await(CompletableFuture<?> event, Duration longest) {
    try {
      CompletableFuture.anyOf(woken, event).get(longest.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException | ExecutionException _) {
      // It did not come, or it came with a failure, which is whose it is.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      end(Reason.CANCELLED);
    }
  }

  /** An interrupted thread wants to end as well; the interrupt stays set. */
  void noticeInterrupt() {
    if (Thread.currentThread().isInterrupted()) {
      end(Reason.CANCELLED);
    }
  }

  void end(Reason why) {
    if (!reason.compareAndSet(null, why)) {
      return;
    }
    woken.complete(null);
    HttpUriRequestBase request = current;
    if (request != null) {
      request.cancel();
    }
  }

  /** Forgets the callers; the request in use, if any, goes on. */
  @Override
  public void close() {
    stopTimer();
    byCaller.close();
    bySource.close();
  }
}
