package io.dragonfly.lab.upstream;

import com.google.protobuf.Empty;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.common.v2.Task;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskRequest;
import io.dragonfly.api.scheduler.v2.AnnounceHostRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.DeleteHostRequest;
import io.dragonfly.api.scheduler.v2.DeleteTaskRequest;
import io.dragonfly.api.scheduler.v2.ListHostsRequest;
import io.dragonfly.api.scheduler.v2.ListHostsResponse;
import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.dragonfly.api.scheduler.v2.StatPeerRequest;
import io.dragonfly.api.scheduler.v2.StatTaskRequest;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A stand-in for the Go scheduler on loopback: validates every message, handles each AnnouncePeer
 * stream serially (a stream that waits for parents reads nothing), answers EmptyTaskResponse when
 * no length was said, triggers only seeds whose upload port answers the health check with SERVING,
 * and sends GOAWAY to clients that ping oftener than every five minutes.
 */
public final class UpstreamScheduler implements AutoCloseable {
  final Violations violations = new Violations();
  final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, Host> hosts = new LinkedHashMap<>();
  private final Map<String, StandInTask> tasks = new LinkedHashMap<>();
  private final HealthStatusManager health = new HealthStatusManager();
  private final Server server;

  /** Listens on a free port of 127.0.0.1. */
  public static UpstreamScheduler start() throws IOException {
    UpstreamScheduler scheduler = new UpstreamScheduler();
    scheduler.server.start();
    return scheduler;
  }

  private UpstreamScheduler() {
    health.setStatus("", ServingStatus.SERVING);
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .permitKeepAliveTime(5, TimeUnit.MINUTES)
            .permitKeepAliveWithoutCalls(false)
            .addService(new Service())
            .addService(health.getHealthService())
            .build();
  }

  /** The port it listens on. */
  public int port() {
    return server.getPort();
  }

  /** What clients did that the Go scheduler refuses. */
  public List<String> violations() {
    return violations.all();
  }

  /** Ids of the hosts that are announced now. */
  public synchronized List<String> hostIds() {
    return List.copyOf(hosts.keySet());
  }

  /** From now on it says that it is not well; it works as before. */
  public void sicken() {
    health.setStatus("", ServingStatus.NOT_SERVING);
  }

  /** Forgets everything, as a restarted scheduler has. */
  public synchronized void forget() {
    hosts.clear();
    tasks.clear();
  }

  @Override
  public void close() {
    server.shutdownNow();
    threads.shutdownNow();
  }

  /** Registers a peer, or says NOT_FOUND when its host has not announced itself. */
  synchronized StandInTask.Member register(AnnouncePeerRequest request) throws StatusException {
    Host host = hosts.get(request.getHostId());
    if (host == null) {
      throw notFound("host " + request.getHostId());
    }
    Download download = request.getRegisterPeerRequest().getDownload();
    StandInTask task =
        tasks.computeIfAbsent(request.getTaskId(), id -> new StandInTask(id, download));
    StandInTask.Member peer = new StandInTask.Member(request.getPeerId(), host, download);
    task.peers.put(peer.id, peer);
    return peer;
  }

  synchronized StandInTask task(String id) throws StatusException {
    StandInTask task = tasks.get(id);
    if (task == null) {
      throw notFound("task " + id);
    }
    return task;
  }

  synchronized StandInTask.Member peer(String taskId, String peerId) throws StatusException {
    StandInTask.Member peer = task(taskId).peers.get(peerId);
    if (peer == null) {
      throw notFound("peer " + peerId);
    }
    return peer;
  }

  /** Asks the first healthy seed to read the origin; true when there is one. */
  boolean triggerSeed(Download download) {
    for (Host seed : seeds()) {
      if (isServing(seed)) {
        Download forwarded =
            download.toBuilder().setNeedBackToSource(true).clearOutputPath().build();
        threads.execute(() -> drain(seed, forwarded));
        return true;
      }
    }
    return false;
  }

  private synchronized List<Host> seeds() {
    return hosts.values().stream().filter(host -> host.getType() == 1).toList();
  }

  private boolean isServing(Host seed) {
    ManagedChannel channel = channel(seed);
    try {
      return HealthGrpc.newBlockingStub(channel)
              .withDeadlineAfter(2, TimeUnit.SECONDS)
              .check(HealthCheckRequest.getDefaultInstance())
              .getStatus()
          == ServingStatus.SERVING;
    } catch (io.grpc.StatusRuntimeException e) {
      violations.add("seed " + seed.getId() + " is not SERVING: " + e.getStatus());
      return false;
    } finally {
      channel.shutdownNow();
    }
  }

  private void drain(Host seed, Download download) {
    ManagedChannel channel = channel(seed);
    try {
      DfdaemonUploadGrpc.newBlockingStub(channel)
          .downloadTask(DownloadTaskRequest.newBuilder().setDownload(download).build())
          .forEachRemaining(answer -> {});
    } catch (io.grpc.StatusRuntimeException e) {
      // As upstream: only logged; those who wait find out by running out of tries.
      violations.add("seed trigger failed: " + e.getStatus());
    } finally {
      channel.shutdownNow();
    }
  }

  private static ManagedChannel channel(Host host) {
    return NettyChannelBuilder.forAddress(host.getIp(), host.getPort()).usePlaintext().build();
  }

  static StatusException notFound(String what) {
    return Status.NOT_FOUND.withDescription(what + " not found").asException();
  }

  private final class Service extends SchedulerGrpc.SchedulerImplBase {
    @Override
    public StreamObserver<AnnouncePeerRequest> announcePeer(
        StreamObserver<AnnouncePeerResponse> responses) {
      return new AnnounceSession(UpstreamScheduler.this, responses);
    }

    @Override
    public void announceHost(AnnounceHostRequest request, StreamObserver<Empty> responses) {
      Optional<String> broken = RequestRules.check(request.getHost());
      if (broken.isPresent()) {
        violations.add(broken.get());
        responses.onError(Status.INVALID_ARGUMENT.withDescription(broken.get()).asException());
        return;
      }
      synchronized (UpstreamScheduler.this) {
        hosts.put(request.getHost().getId(), request.getHost());
      }
      answer(responses, Empty.getDefaultInstance());
    }

    @Override
    public void listHosts(ListHostsRequest request, StreamObserver<ListHostsResponse> responses) {
      ListHostsResponse.Builder answer = ListHostsResponse.newBuilder();
      synchronized (UpstreamScheduler.this) {
        hosts.values().stream()
            .filter(host -> !request.hasType() || host.getType() == request.getType())
            .forEach(answer::addHosts);
      }
      answer(responses, answer.build());
    }

    @Override
    public void deleteHost(DeleteHostRequest request, StreamObserver<Empty> responses) {
      @Nullable Host host;
      synchronized (UpstreamScheduler.this) {
        host = hosts.remove(request.getHostId());
        tasks.values().forEach(task -> removePeers(task, request.getHostId()));
      }
      if (host == null) {
        responses.onError(notFound("host " + request.getHostId()));
      } else {
        answer(responses, Empty.getDefaultInstance());
      }
    }

    @Override
    public void deleteTask(DeleteTaskRequest request, StreamObserver<Empty> responses) {
      try {
        StandInTask task = task(request.getTaskId());
        synchronized (UpstreamScheduler.this) {
          removePeers(task, request.getHostId());
        }
        answer(responses, Empty.getDefaultInstance());
      } catch (StatusException e) {
        answer(responses, Empty.getDefaultInstance());
      }
    }

    @Override
    public void statTask(StatTaskRequest request, StreamObserver<Task> responses) {
      try {
        StandInTask task = task(request.getTaskId());
        synchronized (UpstreamScheduler.this) {
          answer(responses, task.describe(Download.getDefaultInstance()));
        }
      } catch (StatusException e) {
        responses.onError(e);
      }
    }

    @Override
    public void statPeer(StatPeerRequest request, StreamObserver<Peer> responses) {
      try {
        StandInTask.Member peer = peer(request.getTaskId(), request.getPeerId());
        synchronized (UpstreamScheduler.this) {
          answer(responses, task(request.getTaskId()).describe(peer));
        }
      } catch (StatusException e) {
        responses.onError(e);
      }
    }

    private void removePeers(StandInTask task, String hostId) {
      task.peers.values().removeIf(peer -> peer.host.getId().equals(hostId));
    }

    private <T> void answer(StreamObserver<T> responses, T message) {
      responses.onNext(message);
      responses.onCompleted();
    }
  }
}
