package io.dragonfly.common.rpc;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Sends the response headers of given streaming methods when the call starts. grpc-java sends them
 * with the first message; upstream's Rust client gives a stream up that has none after 10 s.
 *
 * <p>Adds headers of our own to given methods as well, streaming or not; they tell the other side
 * which extensions we speak. Must be the last interceptor: one that refuses calls comes before.
 */
public final class EagerHeaders implements ServerInterceptor {
  private final Map<String, Rule> rules;

  private record Rule(boolean eager, Map<Metadata.Key<String>, Supplier<String>> headers) {
    Metadata metadata() {
      var metadata = new Metadata();
      addTo(metadata);
      return metadata;
    }

    void addTo(Metadata metadata) {
      headers.forEach((key, value) -> metadata.put(key, value.get()));
    }
  }

  private EagerHeaders(Map<String, Rule> rules) {
    this.rules = rules;
  }

  /**
   * Sends the headers of these methods at once.
   *
   * @throws IllegalArgumentException for a method that answers with one message only
   */
  public static EagerHeaders of(MethodDescriptor<?, ?>... methods) {
    Map<String, Rule> rules = new HashMap<>();
    for (MethodDescriptor<?, ?> method : methods) {
      if (method.getType().serverSendsOneMessage()) {
        throw new IllegalArgumentException("not a streaming method: " + method.getFullMethodName());
      }
      rules.put(method.getFullMethodName(), new Rule(true, Map.of()));
    }
    return new EagerHeaders(rules);
  }

  /** A copy that adds a header to the responses of these methods, eager or not. */
  public EagerHeaders adding(String name, String value, MethodDescriptor<?, ?>... methods) {
    return adding(name, () -> value, methods);
  }

  /** As {@link #adding(String, String, MethodDescriptor[])}, with what is so at each response. */
  public EagerHeaders adding(
      String name, Supplier<String> value, MethodDescriptor<?, ?>... methods) {
    var key = Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    Map<String, Rule> extended = new HashMap<>(rules);
    for (MethodDescriptor<?, ?> method : methods) {
      Rule before = extended.getOrDefault(method.getFullMethodName(), new Rule(false, Map.of()));
      Map<Metadata.Key<String>, Supplier<String>> headers = new HashMap<>(before.headers());
      headers.put(key, value);
      extended.put(method.getFullMethodName(), new Rule(before.eager(), Map.copyOf(headers)));
    }
    return new EagerHeaders(extended);
  }

  @Override
  public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    Rule rule = rules.get(call.getMethodDescriptor().getFullMethodName());
    if (rule == null) {
      return next.startCall(call, headers);
    }
    if (!rule.eager()) {
      return next.startCall(new AddingCall<>(call, rule), headers);
    }
    call.sendHeaders(rule.metadata());
    return next.startCall(new HeadersSentCall<>(call), headers);
  }

  private static final class AddingCall<ReqT, RespT>
      extends SimpleForwardingServerCall<ReqT, RespT> {
    private final Rule rule;

    AddingCall(ServerCall<ReqT, RespT> delegate, Rule rule) {
      super(delegate);
      this.rule = rule;
    }

    @Override
    public void sendHeaders(Metadata headers) {
      rule.addTo(headers);
      super.sendHeaders(headers);
    }
  }

  private static final class HeadersSentCall<ReqT, RespT>
      extends SimpleForwardingServerCall<ReqT, RespT> {
    HeadersSentCall(ServerCall<ReqT, RespT> delegate) {
      super(delegate);
    }

    @Override
    public void sendHeaders(Metadata headers) {
      // They are on the way; grpc-java's stubs send empty ones before the first message.
    }
  }
}
