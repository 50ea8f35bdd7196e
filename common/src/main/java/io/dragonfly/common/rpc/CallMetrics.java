package io.dragonfly.common.rpc;

import io.dragonfly.common.telemetry.Label;
import io.dragonfly.common.telemetry.Metrics;
import io.dragonfly.common.telemetry.Series;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Counts the calls of a server as the usual Go library does: {@code grpc_server_started_total},
 * {@code _handled_total} (with the code, in Go's words), {@code _msg_received_total} and {@code
 * _msg_sent_total}. Every method of the server is there from the start, with zeros, so that rates
 * can be computed. Calls that are refused before they reach a service count too.
 */
public final class CallMetrics extends ServerStreamTracer.Factory {
  private static final Label TYPE = Label.of("grpc_type");
  private static final Label SERVICE = Label.of("grpc_service");
  private static final Label METHOD = new Label("grpc_method", 500);

  private final Series<CounterDataPoint> started;
  private final Series<CounterDataPoint> handled;
  private final Series<CounterDataPoint> received;
  private final Series<CounterDataPoint> sent;

  /** By full name. Only methods that the server has come here, so their number is bounded. */
  private final Map<String, Counters> methods = new ConcurrentHashMap<>();

  /** Declares the counters; their names begin without the role's prefix. */
  public CallMetrics(Metrics metrics) {
    Metrics server = metrics.withPrefix("grpc_server_");
    started = server.counter("started_total", "Calls begun.", TYPE, SERVICE, METHOD);
    handled =
        server.counter(
            "handled_total",
            "Calls ended, well or not.",
            TYPE,
            SERVICE,
            METHOD,
            Label.of("grpc_code"));
    received = server.counter("msg_received_total", "Messages received.", TYPE, SERVICE, METHOD);
    sent = server.counter("msg_sent_total", "Messages sent.", TYPE, SERVICE, METHOD);
  }

  /** Shows the methods of these services before they are called. */
  void show(List<ServerServiceDefinition> services) {
    for (ServerServiceDefinition service : services) {
      for (ServerMethodDefinition<?, ?> method : service.getMethods()) {
        Counters counters = counters(method.getMethodDescriptor());
        for (Status.Code code : Status.Code.values()) {
          counters.handled(code);
        }
      }
    }
  }

  @Override
  public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
    return new Call();
  }

  private Counters counters(MethodDescriptor<?, ?> method) {
    return methods.computeIfAbsent(method.getFullMethodName(), ignored -> new Counters(method));
  }

  /** Those of one method. */
  private final class Counters {
    private final String type;
    private final String service;
    private final String method;
    final CounterDataPoint started;
    final CounterDataPoint received;
    final CounterDataPoint sent;

    Counters(MethodDescriptor<?, ?> descriptor) {
      type = type(descriptor.getType());
      service = String.valueOf(descriptor.getServiceName());
      method = String.valueOf(descriptor.getBareMethodName());
      started = CallMetrics.this.started.with(type, service, method);
      received = CallMetrics.this.received.with(type, service, method);
      sent = CallMetrics.this.sent.with(type, service, method);
    }

    CounterDataPoint handled(Status.Code code) {
      return handled.with(type, service, method, name(code));
    }
  }

  /** One call, from its start to its end. */
  private final class Call extends ServerStreamTracer {
    /** Known once the method was found; a method that the server does not have is not counted. */
    private volatile @Nullable Counters counters;

    @Override
    public void serverCallStarted(ServerCallInfo<?, ?> call) {
      Counters found = counters(call.getMethodDescriptor());
      counters = found;
      found.started.inc();
    }

    @Override
    public void inboundMessage(int number) {
      Counters known = counters;
      if (known != null) {
        known.received.inc();
      }
    }

    @Override
    public void outboundMessage(int number) {
      Counters known = counters;
      if (known != null) {
        known.sent.inc();
      }
    }

    @Override
    public void streamClosed(Status status) {
      Counters known = counters;
      if (known != null) {
        known.handled(status.getCode()).inc();
      }
    }
  }

  private static String type(MethodDescriptor.MethodType type) {
    return switch (type) {
      case UNARY -> "unary";
      case CLIENT_STREAMING -> "client_stream";
      case SERVER_STREAMING -> "server_stream";
      case BIDI_STREAMING -> "bidi_stream";
      case UNKNOWN -> "unknown";
    };
  }

  /** Go's name of a code: NotFound for NOT_FOUND, and Canceled with one l. */
  static String name(Status.Code code) {
    if (code == Status.Code.OK) {
      return "OK";
    }
    if (code == Status.Code.CANCELLED) {
      return "Canceled";
    }
    StringBuilder name = new StringBuilder();
    for (String word : code.name().split("_", -1)) {
      name.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
    }
    return name.toString();
  }
}
