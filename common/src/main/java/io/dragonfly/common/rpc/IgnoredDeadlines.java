package io.dragonfly.common.rpc;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerStreamTracer;
import java.util.HashSet;
import java.util.Set;

/**
 * Makes {@code grpc-timeout} ineffective for given methods. Upstream's Rust client sends 10 s on
 * streams that it keeps for hours (SyncPieces, SyncHost): its own server applies the timeout only
 * until the response headers, while grpc-java would cancel the stream.
 *
 * <p>grpc-java (1.83) reads the header in {@code ServerImpl.createContext}, before interceptors see
 * the call. A tracer factory is asked earlier, in {@code NettyServerHandler.onHeadersRead}, with
 * the very Metadata that is read later: the header is removed there.
 */
public final class IgnoredDeadlines extends ServerStreamTracer.Factory {
  private static final Metadata.Key<String> TIMEOUT =
      Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER);
  private static final ServerStreamTracer NO_TRACER = new ServerStreamTracer() {};

  private final Set<String> methods;

  private IgnoredDeadlines(Set<String> methods) {
    this.methods = methods;
  }

  /** Deadlines of these methods are ignored, those of all others kept. */
  public static IgnoredDeadlines of(MethodDescriptor<?, ?>... methods) {
    Set<String> names = new HashSet<>();
    for (MethodDescriptor<?, ?> method : methods) {
      names.add(method.getFullMethodName());
    }
    return new IgnoredDeadlines(names);
  }

  @Override
  public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
    if (methods.contains(fullMethodName)) {
      headers.discardAll(TIMEOUT);
    }
    return NO_TRACER;
  }
}
