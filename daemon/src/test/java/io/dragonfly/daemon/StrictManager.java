package io.dragonfly.daemon;

import io.dragonfly.api.manager.v2.ListSchedulersRequest;
import io.dragonfly.api.manager.v2.ListSchedulersResponse;
import io.dragonfly.api.manager.v2.ManagerGrpc;
import io.dragonfly.api.manager.v2.Scheduler;
import io.dragonfly.api.manager.v2.SchedulerCluster;
import io.dragonfly.api.manager.v2.SourceType;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcServer;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A manager that knows one list of schedulers and refuses what the Go one refuses. */
final class StrictManager implements AutoCloseable {
  private static final String LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";

  final List<ListSchedulersRequest> requests = new CopyOnWriteArrayList<>();
  private final EventLoops loops = new EventLoops("manager", 1);
  private final RpcServer server;
  private volatile List<Scheduler> schedulers = List.of();
  private volatile Status failure = Status.OK;

  StrictManager(int port) throws IOException {
    server =
        RpcServer.builder("manager", loops)
            .address("127.0.0.1", port)
            .service(new Service())
            .grace(java.time.Duration.ZERO)
            .build();
    server.start();
  }

  int port() {
    return server.port();
  }

  /** Answers with these, in this order. */
  void name(Scheduler... now) {
    schedulers = List.of(now);
  }

  void fail(Status status) {
    failure = status;
  }

  static Scheduler scheduler(long cluster, String ip, int port) {
    return Scheduler.newBuilder()
        .setHostname("scheduler")
        .setIp(ip)
        .setPort(port)
        .setState("active")
        .setSchedulerClusterId(cluster)
        .setSchedulerCluster(SchedulerCluster.newBuilder().setId(cluster))
        .build();
  }

  @Override
  public void close() {
    server.close();
    loops.close();
  }

  private final class Service extends ManagerGrpc.ManagerImplBase {
    @Override
    public void listSchedulers(
        ListSchedulersRequest request, StreamObserver<ListSchedulersResponse> answers) {
      requests.add(request);
      if (request.getSourceType() == SourceType.UNRECOGNIZED
          || !request.getHostname().matches(LABEL + "(\\." + LABEL + ")*")
          || !request.getIp().matches("[0-9.]+|[0-9a-fA-F:]+")) {
        answers.onError(Status.INVALID_ARGUMENT.withDescription("invalid").asException());
      } else if (!failure.isOk()) {
        answers.onError(failure.asException());
      } else {
        answers.onNext(ListSchedulersResponse.newBuilder().addAllSchedulers(schedulers).build());
        answers.onCompleted();
      }
    }
  }
}
