package io.dragonfly.lab.upstream;

import com.google.common.net.InetAddresses;
import com.google.protobuf.ByteString;
import io.dragonfly.api.manager.v2.ListSchedulersRequest;
import io.dragonfly.api.manager.v2.ListSchedulersResponse;
import io.dragonfly.api.manager.v2.ManagerGrpc;
import io.dragonfly.api.manager.v2.Scheduler;
import io.dragonfly.api.manager.v2.SchedulerCluster;
import io.dragonfly.api.manager.v2.SourceType;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * A stand-in for the Go manager on loopback, as far as daemons use it: validates the request, names
 * all schedulers of a cluster that is asked for by its number whatever their state, and otherwise
 * the active ones of all clusters in the given order. An upstream daemon, seed or not, asks for
 * nothing but the list, so any other method is a violation. Sends GOAWAY to clients that ping
 * oftener than every five minutes.
 */
public final class UpstreamManager implements AutoCloseable {
  private static final Pattern HOSTNAME =
      Pattern.compile(
          "(?=.{1,253}$)[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
              + "(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*");
  private static final int LONGEST_TEXT = 1024;

  private final Violations violations = new Violations();
  private final List<ListSchedulersRequest> requests = new CopyOnWriteArrayList<>();
  private final Server server;
  private volatile List<Member> members = List.of();

  /**
   * A scheduler in the manager's table.
   *
   * @param active whether it keeps its connection to the manager alive
   */
  public record Member(long cluster, String ip, int port, boolean active) {
    /** An active one on 127.0.0.1. */
    public static Member local(long cluster, int port) {
      return new Member(cluster, "127.0.0.1", port, true);
    }

    private Scheduler message() {
      return Scheduler.newBuilder()
          .setId(port)
          .setHostname("scheduler-" + port)
          .setIdc("")
          .setLocation("")
          .setIp(ip)
          .setPort(port)
          .setState(active ? "active" : "inactive")
          .setSchedulerClusterId(cluster)
          .setSchedulerCluster(
              SchedulerCluster.newBuilder()
                  .setId(cluster)
                  .setName("cluster-" + cluster)
                  .setConfig(json("{\"candidate_parent_limit\":3,\"filter_parent_limit\":15}"))
                  .setClientConfig(json("{\"load_limit\":200}"))
                  .setSeedClientConfig(json("{}"))
                  .setScopes(json("{}")))
          .setFeatures(json("[\"schedule\",\"preheat\"]"))
          .build();
    }

    private static ByteString json(String text) {
      return ByteString.copyFromUtf8(text);
    }
  }

  /** Listens on a port of 127.0.0.1; 0 takes a free one. */
  public static UpstreamManager start(int port) throws IOException {
    UpstreamManager manager = new UpstreamManager(port);
    manager.server.start();
    return manager;
  }

  private UpstreamManager(int port) {
    HealthStatusManager health = new HealthStatusManager();
    health.setStatus("", ServingStatus.SERVING);
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .permitKeepAliveTime(5, TimeUnit.MINUTES)
            .permitKeepAliveWithoutCalls(false)
            .addService(new Service())
            .addService(health.getHealthService())
            .intercept(new OnlyTheList())
            .build();
  }

  /** The port it listens on. */
  public int port() {
    return server.getPort();
  }

  /** Replaces its table; the best clusters come first. */
  public void name(Member... now) {
    members = List.of(now);
  }

  /** What it was asked so far. */
  public List<ListSchedulersRequest> requests() {
    return List.copyOf(requests);
  }

  /** What clients did that the Go manager refuses, or that no upstream daemon does. */
  public List<String> violations() {
    return violations.all();
  }

  @Override
  public void close() {
    server.shutdownNow();
    try {
      // The port is free when this returns.
      if (!server.awaitTermination(10, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the stand-in manager does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Optional<String> check(ListSchedulersRequest request) {
    if (request.getSourceType() == SourceType.UNRECOGNIZED) {
      return Optional.of("source_type: " + request.getSourceTypeValue() + " is not defined");
    }
    if (!HOSTNAME.matcher(request.getHostname()).matches()) {
      return Optional.of("hostname: not valid: " + request.getHostname());
    }
    if (!InetAddresses.isInetAddress(request.getIp())) {
      return Optional.of("ip: not an address: " + request.getIp());
    }
    if (request.getIdc().length() > LONGEST_TEXT
        || request.getLocation().length() > LONGEST_TEXT
        || request.getVersion().length() > LONGEST_TEXT
        || request.getCommit().length() > LONGEST_TEXT) {
      return Optional.of("idc, location, version and commit: at most 1024 characters");
    }
    return Optional.empty();
  }

  private final class Service extends ManagerGrpc.ManagerImplBase {
    @Override
    public void listSchedulers(
        ListSchedulersRequest request, StreamObserver<ListSchedulersResponse> responses) {
      requests.add(request);
      Optional<String> broken = check(request);
      if (broken.isPresent()) {
        violations.add(broken.get());
        responses.onError(Status.INVALID_ARGUMENT.withDescription(broken.get()).asException());
        return;
      }
      long cluster = request.getSchedulerClusterId();
      List<Member> table = members;
      if (cluster != 0 && table.stream().noneMatch(member -> member.cluster() == cluster)) {
        responses.onError(Status.UNKNOWN.withDescription("record not found").asException());
        return;
      }
      ListSchedulersResponse.Builder answer = ListSchedulersResponse.newBuilder();
      table.stream()
          .filter(member -> cluster == 0 ? member.active() : member.cluster() == cluster)
          .map(Member::message)
          .forEach(answer::addSchedulers);
      responses.onNext(answer.build());
      responses.onCompleted();
    }
  }

  /** Notes what no upstream daemon asks a manager for. */
  private final class OnlyTheList implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      String method = call.getMethodDescriptor().getFullMethodName();
      if (!method.equals(ManagerGrpc.getListSchedulersMethod().getFullMethodName())
          && !method.startsWith("grpc.health.v1.Health/")) {
        violations.add("no upstream daemon calls " + method);
      }
      return next.startCall(call, headers);
    }
  }
}
