package io.dragonfly.common.rpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A call that begins later. What happens to it until then is told when it has begun; that is
 * little, because messages come only when they are asked for. A call that is cancelled meanwhile
 * never begins.
 */
final class WaitingCall<ReqT, RespT> extends ServerCall.Listener<ReqT> {
  private final ServerCall<ReqT, RespT> call;
  private final Metadata headers;
  private final ServerCallHandler<ReqT, RespT> next;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final List<Consumer<ServerCall.Listener<ReqT>>> before = new ArrayList<>();

  @GuardedBy("lock")
  private ServerCall.@Nullable Listener<ReqT> listener;

  @GuardedBy("lock")
  private boolean cancelled;

  private volatile @Nullable ScheduledFuture<?> start;

  WaitingCall(ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    this.call = call;
    this.headers = headers;
    this.next = next;
  }

  /** Whether it will begin; not when the timer has been stopped. */
  boolean startIn(long nanos, ScheduledExecutorService timer) {
    try {
      start = timer.schedule(Context.current().wrap(this::begin), nanos, TimeUnit.NANOSECONDS);
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  private void begin() {
    lock.lock();
    try {
      if (cancelled) {
        return;
      }
      ServerCall.Listener<ReqT> begun = next.startCall(call, headers);
      listener = begun;
      before.forEach(event -> event.accept(begun));
      before.clear();
    } catch (RuntimeException e) {
      // Nobody is above us who would end the call.
      listener = new ServerCall.Listener<>() {};
      call.close(Status.UNKNOWN.withCause(e), new Metadata());
    } finally {
      lock.unlock();
    }
  }

  /** Held while the listener works, so that it hears one thing at a time. */
  private void tell(Consumer<ServerCall.Listener<ReqT>> event) {
    lock.lock();
    try {
      if (listener == null) {
        before.add(event);
      } else {
        event.accept(listener);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onMessage(ReqT message) {
    tell(begun -> begun.onMessage(message));
  }

  @Override
  public void onHalfClose() {
    tell(ServerCall.Listener::onHalfClose);
  }

  @Override
  public void onReady() {
    tell(ServerCall.Listener::onReady);
  }

  @Override
  public void onComplete() {
    tell(ServerCall.Listener::onComplete);
  }

  @Override
  public void onCancel() {
    lock.lock();
    try {
      if (listener == null) {
        cancelled = true;
        before.clear();
        ScheduledFuture<?> planned = start;
        if (planned != null) {
          planned.cancel(false);
        }
        return;
      }
    } finally {
      lock.unlock();
    }
    tell(ServerCall.Listener::onCancel);
  }
}
