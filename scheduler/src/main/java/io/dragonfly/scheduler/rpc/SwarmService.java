package io.dragonfly.scheduler.rpc;

import io.dragonfly.api.extension.v1.Held;
import io.dragonfly.api.extension.v1.JoinRequest;
import io.dragonfly.api.extension.v1.JoinResponse;
import io.dragonfly.api.extension.v1.Register;
import io.dragonfly.api.extension.v1.SwarmGrpc;
import io.dragonfly.common.limit.FairBucket;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.ScheduledExecutorService;

/** Our own service: how daemons of ours take part. */
final class SwarmService extends SwarmGrpc.SwarmImplBase {
  /** Of all hosts together, so that a restart in a large cluster leaves time for downloads. */
  private static final long HOLDINGS_PER_SECOND = 4000;

  private final SwarmShell shell;
  private final ScheduledExecutorService timer;
  private final FairBucket holdings = FairBucket.ofRate(HOLDINGS_PER_SECOND);

  SwarmService(SwarmShell shell, ScheduledExecutorService timer) {
    this.shell = shell;
    this.timer = timer;
  }

  @Override
  public StreamObserver<JoinRequest> join(StreamObserver<JoinResponse> responses) {
    return new JoinCall(shell, responses);
  }

  @Override
  public StreamObserver<Register> hold(StreamObserver<Held> responses) {
    return new HoldCall(
        shell, (ServerCallStreamObserver<Held>) responses, holdings.paceOf(responses), timer);
  }
}
