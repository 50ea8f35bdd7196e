package io.dragonfly.scheduler.rpc;

import io.dragonfly.api.extension.v1.JoinRequest;
import io.dragonfly.api.extension.v1.JoinResponse;
import io.dragonfly.api.extension.v1.SwarmGrpc;
import io.grpc.stub.StreamObserver;

/** Our own service: how daemons of ours take part. */
final class SwarmService extends SwarmGrpc.SwarmImplBase {
  private final SwarmShell shell;

  SwarmService(SwarmShell shell) {
    this.shell = shell;
  }

  @Override
  public StreamObserver<JoinRequest> join(StreamObserver<JoinResponse> responses) {
    return new JoinCall(shell, responses);
  }
}
