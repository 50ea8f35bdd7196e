package io.dragonfly.common.rpc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Refuses calls beyond a number per second with RESOURCE_EXHAUSTED, in upstream's words. Every
 * unary call and every new stream counts, those of health checks too; a burst of one second's worth
 * is let through.
 *
 * <p>The state is one number, the time at which the bucket would be full again (generic cell rate
 * algorithm): a call moves it one interval into the future and is refused if it would be more than
 * a second ahead.
 */
public final class RateLimit implements ServerInterceptor {
  private static final long BURST_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final long intervalNanos;
  private final LongSupplier nanoTime;
  private final AtomicLong fullAt;

  /** At most so many calls per second, 1 to 10^9. */
  public RateLimit(long callsPerSecond) {
    this(callsPerSecond, System::nanoTime);
  }

  RateLimit(long callsPerSecond, LongSupplier nanoTime) {
    if (callsPerSecond < 1 || callsPerSecond > BURST_NANOS) {
      throw new IllegalArgumentException("calls per second not in 1..10^9: " + callsPerSecond);
    }
    this.intervalNanos = BURST_NANOS / callsPerSecond;
    this.nanoTime = nanoTime;
    this.fullAt = new AtomicLong(nanoTime.getAsLong());
  }

  boolean tryAcquire() {
    while (true) {
      long now = nanoTime.getAsLong();
      long before = fullAt.get();
      long start = before - now < 0 ? now : before;
      long after = start + intervalNanos;
      if (after - now > BURST_NANOS) {
        return false;
      }
      if (fullAt.compareAndSet(before, after)) {
        return true;
      }
    }
  }

  @Override
  public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    if (tryAcquire()) {
      return next.startCall(call, headers);
    }
    String method = "/" + call.getMethodDescriptor().getFullMethodName();
    call.close(
        Status.RESOURCE_EXHAUSTED.withDescription(
            method + " is rejected by grpc_ratelimit middleware, please retry later."),
        new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
