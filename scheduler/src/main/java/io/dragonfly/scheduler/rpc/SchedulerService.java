package io.dragonfly.scheduler.rpc;

import com.google.protobuf.Empty;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.common.v2.Task;
import io.dragonfly.api.scheduler.v2.AnnounceHostRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.DeleteHostRequest;
import io.dragonfly.api.scheduler.v2.DeletePeerRequest;
import io.dragonfly.api.scheduler.v2.DeleteTaskRequest;
import io.dragonfly.api.scheduler.v2.ListHostsRequest;
import io.dragonfly.api.scheduler.v2.ListHostsResponse;
import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.dragonfly.api.scheduler.v2.StatPeerRequest;
import io.dragonfly.api.scheduler.v2.StatTaskRequest;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.scheduler.swarm.HostAnnouncement;
import io.dragonfly.scheduler.swarm.HostView;
import io.dragonfly.scheduler.swarm.PeerView;
import io.dragonfly.scheduler.swarm.TaskView;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Upstream's Scheduler service: hosts, peers and tasks. What it does not serve is UNIMPLEMENTED.
 */
final class SchedulerService extends SchedulerGrpc.SchedulerImplBase {
  private final SwarmShell shell;
  private final SeedHealth health;
  private final long clusterId;

  SchedulerService(SwarmShell shell, SeedHealth health, long clusterId) {
    this.shell = shell;
    this.health = health;
    this.clusterId = clusterId;
  }

  @Override
  public StreamObserver<AnnouncePeerRequest> announcePeer(
      StreamObserver<AnnouncePeerResponse> responses) {
    return new AnnounceCall(shell, responses);
  }

  @Override
  public void announceHost(AnnounceHostRequest request, StreamObserver<Empty> response) {
    answer(
        response,
        shell.metrics().announceHost(request.getHost()),
        () -> {
          Checks.host(request.getHost());
          HostAnnouncement announcement = HostMessages.announcement(request);
          if (!shell.swarm().announce(announcement, shell.now())) {
            throw Status.RESOURCE_EXHAUSTED
                .withDescription("the scheduler knows too many hosts")
                .asRuntimeException();
          }
          health.check(announcement);
          return Empty.getDefaultInstance();
        });
  }

  @Override
  public void listHosts(ListHostsRequest request, StreamObserver<ListHostsResponse> response) {
    answer(
        response,
        shell.metrics().listHosts,
        () -> {
          ListHostsResponse.Builder hosts = ListHostsResponse.newBuilder();
          for (HostView host : shell.swarm().hosts()) {
            if (!request.hasType() || request.getType() == host.announcement().type()) {
              hosts.addHosts(host(host.announcement()));
            }
          }
          return hosts.build();
        });
  }

  @Override
  public void deleteHost(DeleteHostRequest request, StreamObserver<Empty> response) {
    answer(
        response,
        shell.metrics().leaveHost,
        () -> {
          HostId host = Checks.hostId(request.getHostId());
          if (!shell.swarm().deleteHost(host, shell.now())) {
            throw notFound("host " + host);
          }
          return Empty.getDefaultInstance();
        });
  }

  @Override
  public void statPeer(StatPeerRequest request, StreamObserver<Peer> response) {
    answer(
        response,
        shell.metrics().statPeer,
        () -> {
          TaskId task = Checks.taskId(request.getTaskId());
          PeerId id = Checks.peerId(request.getPeerId());
          Map.Entry<TaskView, PeerView> found =
              shell.swarm().peer(task, id).orElseThrow(() -> notFound("peer " + id));
          Peer.Builder peer = PeerMessages.peer(found.getKey(), found.getValue());
          shell
              .swarm()
              .host(found.getValue().host())
              .ifPresent(host -> peer.setHost(HostMessages.parent(host.announcement())));
          return peer.build();
        });
  }

  @Override
  public void deletePeer(DeletePeerRequest request, StreamObserver<Empty> response) {
    answer(
        response,
        shell.metrics().leavePeer,
        () -> {
          TaskId task = Checks.taskId(request.getTaskId());
          PeerId peer = Checks.peerId(request.getPeerId());
          shell.swarm().deletePeer(task, peer, shell.now());
          return Empty.getDefaultInstance();
        });
  }

  @Override
  public void statTask(StatTaskRequest request, StreamObserver<Task> response) {
    answer(
        response,
        shell.metrics().statTask,
        () -> {
          TaskId id = Checks.taskId(request.getTaskId());
          Optional<TaskView> task = shell.swarm().task(id);
          return PeerMessages.task(task.orElseThrow(() -> notFound("task " + id)));
        });
  }

  @Override
  public void deleteTask(DeleteTaskRequest request, StreamObserver<Empty> response) {
    answer(
        response,
        shell.metrics().leaveTask,
        () -> {
          HostId host = Checks.hostId(request.getHostId());
          TaskId task = Checks.taskId(request.getTaskId());
          if (!shell.swarm().deleteTask(host, task, shell.now())) {
            throw notFound("host " + host);
          }
          return Empty.getDefaultInstance();
        });
  }

  private Host host(HostAnnouncement announcement) {
    return HostMessages.host(announcement).toBuilder().setSchedulerClusterId(clusterId).build();
  }

  private static StatusRuntimeException notFound(String what) {
    return Status.NOT_FOUND.withDescription(what + " not found").asRuntimeException();
  }

  private static <T> void answer(
      StreamObserver<T> response, SchedulerMetrics.Calls calls, Supplier<T> body) {
    calls.ok();
    T result;
    try {
      result = body.get();
    } catch (StatusRuntimeException e) {
      calls.failed();
      response.onError(e);
      return;
    }
    response.onNext(result);
    response.onCompleted();
  }
}
