package io.dragonfly.common.rpc;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What leaves a service for its caller. A status that the service chose passes. Anything else that
 * it throws, or reports through onError, is logged and becomes INTERNAL with a plain sentence: no
 * class names and no stack traces on the wire. A method that the service does not override answers
 * UNIMPLEMENTED in words. A second close, and messages after a failure, are dropped, since a
 * service cannot know that its exception has ended the call.
 */
final class CallBoundary implements ServerInterceptor {
  private static final Logger log = LoggerFactory.getLogger(CallBoundary.class);

  private final String program;

  CallBoundary(String program) {
    this.program = program;
  }

  @Override
  public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    var guarded = new GuardedCall<>(call);
    try {
      return new GuardedListener<>(guarded, next.startCall(guarded, headers));
    } catch (RuntimeException | Error e) {
      guarded.fail(e);
      return new ServerCall.Listener<>() {};
    }
  }

  private final class GuardedCall<ReqT, RespT> extends SimpleForwardingServerCall<ReqT, RespT> {
    private final AtomicBoolean closed = new AtomicBoolean();

    GuardedCall(ServerCall<ReqT, RespT> delegate) {
      super(delegate);
    }

    @Override
    public void sendHeaders(Metadata headers) {
      if (!closed.get()) {
        super.sendHeaders(headers);
      }
    }

    @Override
    public void sendMessage(RespT message) {
      if (!closed.get()) {
        super.sendMessage(message);
      }
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (closed.compareAndSet(false, true)) {
        super.close(worded(status), trailers);
      }
    }

    /** Ends the call for an exception; an Error goes on to whoever runs us. */
    void fail(Throwable failure) {
      switch (failure) {
        case StatusRuntimeException e -> close(e.getStatus(), orEmpty(e.getTrailers()));
        default -> close(Status.UNKNOWN.withCause(failure), new Metadata());
      }
      if (failure instanceof Error error) {
        throw error;
      }
    }

    private Status worded(Status status) {
      String method = getMethodDescriptor().getFullMethodName();
      String name = getMethodDescriptor().getBareMethodName();
      return switch (status.getCode()) {
        case UNKNOWN -> {
          Throwable cause = status.getCause();
          if (cause == null
              || cause instanceof StatusRuntimeException
              || cause instanceof StatusException) {
            yield status;
          }
          log.error("event=call_failed method={}", method, cause);
          yield Status.INTERNAL.withDescription(
              name + " failed inside this " + program + "; its log has the reason");
        }
        case UNIMPLEMENTED ->
            ("Method " + method + " is unimplemented").equals(status.getDescription())
                ? Status.UNIMPLEMENTED.withDescription(name + " is not served by this " + program)
                : status;
        default -> status;
      };
    }
  }

  private static Metadata orEmpty(@Nullable Metadata trailers) {
    return trailers == null ? new Metadata() : trailers;
  }

  private static final class GuardedListener<ReqT>
      extends SimpleForwardingServerCallListener<ReqT> {
    private final CallBoundary.GuardedCall<ReqT, ?> call;

    GuardedListener(CallBoundary.GuardedCall<ReqT, ?> call, ServerCall.Listener<ReqT> delegate) {
      super(delegate);
      this.call = call;
    }

    @Override
    public void onMessage(ReqT message) {
      try {
        super.onMessage(message);
      } catch (RuntimeException | Error e) {
        call.fail(e);
      }
    }

    @Override
    public void onHalfClose() {
      try {
        super.onHalfClose();
      } catch (RuntimeException | Error e) {
        call.fail(e);
      }
    }

    @Override
    public void onReady() {
      try {
        super.onReady();
      } catch (RuntimeException | Error e) {
        call.fail(e);
      }
    }

    @Override
    public void onCancel() {
      try {
        super.onCancel();
      } catch (RuntimeException e) {
        log.error("event=cancel_failed method={}", name(), e);
      }
    }

    @Override
    public void onComplete() {
      try {
        super.onComplete();
      } catch (RuntimeException e) {
        log.error("event=completion_failed method={}", name(), e);
      }
    }

    private String name() {
      return call.getMethodDescriptor().getFullMethodName();
    }
  }
}
