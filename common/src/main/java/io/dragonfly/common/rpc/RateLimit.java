package io.dragonfly.common.rpc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Refuses calls beyond a number per second with RESOURCE_EXHAUSTED, in upstream's words. Every
 * unary call and every new stream counts, those of health checks too; a burst of one second's worth
 * is let through. Where that is wanted, some more calls wait for their turn before the next one is
 * refused.
 *
 * <p>The state is one number, the time at which the bucket would be full again (generic cell rate
 * algorithm): a call moves it one interval into the future and has to wait as far as that is more
 * than a second ahead.
 */
public final class RateLimit implements ServerInterceptor {
  private static final long BURST_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long REFUSED = -1;

  private final long intervalNanos;
  private final long longestWaitNanos;
  private final Optional<ScheduledExecutorService> timer;
  private final LongSupplier nanoTime;
  private final AtomicLong fullAt;

  /** At most so many calls per second, 1 to 10^9; nobody waits. */
  public RateLimit(long callsPerSecond) {
    this(callsPerSecond, System::nanoTime);
  }

  RateLimit(long callsPerSecond, LongSupplier nanoTime) {
    this(callsPerSecond, 0, Optional.empty(), nanoTime);
  }

  /**
   * At most so many calls per second.
   *
   * @param waiting calls that wait for their turn at the same time
   * @param timer where they begin when it has come; it must outlive the server
   */
  public RateLimit(long callsPerSecond, int waiting, ScheduledExecutorService timer) {
    this(callsPerSecond, waiting, Optional.of(timer), System::nanoTime);
  }

  RateLimit(
      long callsPerSecond,
      int waiting,
      Optional<ScheduledExecutorService> timer,
      LongSupplier nanoTime) {
    if (callsPerSecond < 1 || callsPerSecond > BURST_NANOS) {
      throw new IllegalArgumentException("calls per second not in 1..10^9: " + callsPerSecond);
    }
    if (waiting < 0 || waiting > 1_000_000) {
      throw new IllegalArgumentException("waiting calls not in 0..10^6: " + waiting);
    }
    this.intervalNanos = BURST_NANOS / callsPerSecond;
    this.longestWaitNanos = intervalNanos * waiting;
    this.timer = timer;
    this.nanoTime = nanoTime;
    this.fullAt = new AtomicLong(nanoTime.getAsLong());
  }

  /** How long a call has to wait, in nanoseconds, or {@link #REFUSED}. */
  private long acquire() {
    while (true) {
      long now = nanoTime.getAsLong();
      long before = fullAt.get();
      long start = before - now < 0 ? now : before;
      long after = start + intervalNanos;
      long wait = Math.max(0, after - now - BURST_NANOS);
      if (wait > longestWaitNanos) {
        return REFUSED;
      }
      if (fullAt.compareAndSet(before, after)) {
        return wait;
      }
    }
  }

  boolean tryAcquire() {
    return acquire() == 0;
  }

  @Override
  public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    long wait = acquire();
    if (wait == 0) {
      return next.startCall(call, headers);
    }
    if (wait != REFUSED && timer.isPresent()) {
      WaitingCall<ReqT, RespT> waiting = new WaitingCall<>(call, headers, next);
      if (waiting.startIn(wait, timer.get())) {
        return waiting;
      }
    }
    String method = "/" + call.getMethodDescriptor().getFullMethodName();
    call.close(
        Status.RESOURCE_EXHAUSTED.withDescription(
            method + " is rejected by grpc_ratelimit middleware, please retry later."),
        new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
