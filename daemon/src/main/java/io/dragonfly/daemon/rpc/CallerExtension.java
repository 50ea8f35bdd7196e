package io.dragonfly.daemon.rpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/** Remembers, while a call is served, whether the caller speaks our extension. */
final class CallerExtension implements ServerInterceptor {
  private static final Context.Key<Boolean> EXTENSION =
      Context.keyWithDefault("caller-extension", false);

  /** Whether the caller of the call that is served on this thread said so. */
  static boolean isSpoken() {
    return EXTENSION.get();
  }

  @Override
  public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    boolean spoken = SchedulerCalls.EXTENSION_VERSION.equals(headers.get(SchedulerCalls.EXTENSION));
    return Contexts.interceptCall(
        Context.current().withValue(EXTENSION, spoken), call, headers, next);
  }
}
