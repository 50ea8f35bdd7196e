package io.dragonfly.daemon;

import com.google.protobuf.Duration;
import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.common.v2.Piece;
import io.dragonfly.api.common.v2.Task;
import io.dragonfly.api.scheduler.v2.AnnounceHostRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest.RequestCase;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.DeleteHostRequest;
import io.dragonfly.api.scheduler.v2.EmptyTaskResponse;
import io.dragonfly.api.scheduler.v2.NeedBackToSourceResponse;
import io.dragonfly.api.scheduler.v2.NormalTaskResponse;
import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcServer;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A scheduler that behaves like the Go one as far as a client sees it: it validates as strictly,
 * knows only hosts that were announced, answers the first peer of a task with the origin and later
 * ones with whoever finished, and ends a stream after the last word. What breaks a rule is noted.
 */
final class StrictScheduler implements AutoCloseable {
  private final EventLoops loops = new EventLoops("strict", 1);
  private final RpcServer server;
  private final Map<String, Host> hosts = new LinkedHashMap<>();
  private final Map<String, List<Peer>> finished = new LinkedHashMap<>();
  final List<String> violations = new CopyOnWriteArrayList<>();
  final List<AnnouncePeerRequest> heard = new CopyOnWriteArrayList<>();
  final List<String> left = new CopyOnWriteArrayList<>();

  StrictScheduler(int port) throws IOException {
    server =
        RpcServer.builder("scheduler", loops)
            .address("127.0.0.1", port)
            .service(new Service())
            .grace(java.time.Duration.ZERO)
            .build();
    server.start();
  }

  int port() {
    return server.port();
  }

  synchronized List<Host> hosts() {
    return List.copyOf(hosts.values());
  }

  /** As after a restart. */
  synchronized void forgetHosts() {
    hosts.clear();
  }

  List<RequestCase> cases(String peerPrefix) {
    return heard.stream()
        .filter(request -> request.getPeerId().startsWith(peerPrefix))
        .map(AnnouncePeerRequest::getRequestCase)
        .toList();
  }

  @Override
  public void close() {
    server.close();
    loops.close();
  }

  private void require(boolean rule, String text) {
    if (!rule) {
      violations.add(text);
    }
  }

  private final class Service extends SchedulerGrpc.SchedulerImplBase {
    @Override
    public void announceHost(AnnounceHostRequest request, StreamObserver<Empty> answers) {
      Host host = request.getHost();
      require(!host.getId().isEmpty() && !host.getHostname().isEmpty(), "host without names");
      require(
          host.getPort() >= 1024 && host.getPort() < 65535 && host.getDownloadPort() >= 1024,
          "port of the host: " + host.getPort());
      require(host.getCpu().getPercent() >= 0, "cpu percent");
      require(
          host.getMemory().getUsedPercent() >= 0 && host.getMemory().getUsedPercent() <= 100,
          "memory percent");
      require(
          host.getDisk().getUsedPercent() >= 0 && host.getDisk().getUsedPercent() <= 100,
          "disk percent");
      require(!host.getBuild().getGitVersion().isEmpty(), "build without version");
      synchronized (StrictScheduler.this) {
        hosts.put(host.getId(), host);
      }
      answers.onNext(Empty.getDefaultInstance());
      answers.onCompleted();
    }

    @Override
    public void deleteHost(DeleteHostRequest request, StreamObserver<Empty> answers) {
      boolean known;
      synchronized (StrictScheduler.this) {
        known = hosts.remove(request.getHostId()) != null;
      }
      if (!known) {
        answers.onError(
            Status.NOT_FOUND
                .withDescription("host " + request.getHostId() + " not found")
                .asRuntimeException());
        return;
      }
      left.add(request.getHostId());
      answers.onNext(Empty.getDefaultInstance());
      answers.onCompleted();
    }

    @Override
    public StreamObserver<AnnouncePeerRequest> announcePeer(
        StreamObserver<AnnouncePeerResponse> answers) {
      return new Session(answers);
    }
  }

  private final class Session implements StreamObserver<AnnouncePeerRequest> {
    private final StreamObserver<AnnouncePeerResponse> answers;
    private Download download = Download.getDefaultInstance();
    private boolean started;
    private boolean over;

    Session(StreamObserver<AnnouncePeerResponse> answers) {
      this.answers = answers;
    }

    @Override
    public void onNext(AnnouncePeerRequest request) {
      heard.add(request);
      require(!over, "a message after the last word");
      require(
          !request.getHostId().isEmpty()
              && !request.getTaskId().isEmpty()
              && !request.getPeerId().isEmpty(),
          "an id is missing");
      switch (request.getRequestCase()) {
        case REGISTER_PEER_REQUEST -> register(request);
        case DOWNLOAD_PEER_STARTED_REQUEST -> started = true;
        case DOWNLOAD_PEER_BACK_TO_SOURCE_STARTED_REQUEST -> {
          started = true;
          require(
              !request.getDownloadPeerBackToSourceStartedRequest().hasDescription()
                  || !request
                      .getDownloadPeerBackToSourceStartedRequest()
                      .getDescription()
                      .isEmpty(),
              "an empty description");
        }
        case DOWNLOAD_PIECE_FINISHED_REQUEST ->
            piece(request.getDownloadPieceFinishedRequest().getPiece());
        case DOWNLOAD_PIECE_BACK_TO_SOURCE_FINISHED_REQUEST ->
            piece(request.getDownloadPieceBackToSourceFinishedRequest().getPiece());
        case DOWNLOAD_PEER_FINISHED_REQUEST, DOWNLOAD_PEER_BACK_TO_SOURCE_FINISHED_REQUEST -> {
          require(started, "finished without a start");
          synchronized (StrictScheduler.this) {
            Host host = hosts.get(request.getHostId());
            if (host != null) {
              finished
                  .computeIfAbsent(request.getTaskId(), _ -> new ArrayList<>())
                  .add(peer(request, host));
            }
          }
          end();
        }
        case DOWNLOAD_PEER_FAILED_REQUEST -> {
          require(
              !request.getDownloadPeerFailedRequest().getDescription().isEmpty(),
              "a failure without a reason");
          end();
        }
        case DOWNLOAD_PEER_BACK_TO_SOURCE_FAILED_REQUEST -> end();
        case RESCHEDULE_PEER_REQUEST -> {
          for (Peer candidate : request.getReschedulePeerRequest().getCandidateParentsList()) {
            require(
                candidate.hasCost() && candidate.hasTask() && candidate.hasHost(),
                "a candidate that is not complete");
          }
          origin();
        }
        case DOWNLOAD_PIECE_FAILED_REQUEST ->
            require(
                !request.getDownloadPieceFailedRequest().getParentId().isEmpty(),
                "a failed piece without a parent");
        case DOWNLOAD_PIECE_BACK_TO_SOURCE_FAILED_REQUEST -> {}
        case REQUEST_NOT_SET -> require(false, "an empty request");
      }
    }

    private void register(AnnouncePeerRequest request) {
      download = request.getRegisterPeerRequest().getDownload();
      List<Peer> parents;
      synchronized (StrictScheduler.this) {
        if (!hosts.containsKey(request.getHostId())) {
          over = true;
          answers.onError(
              Status.NOT_FOUND
                  .withDescription("host " + request.getHostId() + " not found")
                  .asException());
          return;
        }
        parents = List.copyOf(finished.getOrDefault(request.getTaskId(), List.of()));
      }
      require(
          download.hasActualContentLength()
              && download.hasActualPieceLength()
              && download.hasActualPieceCount(),
          "a registration without the length");
      if (download.getActualContentLength() == 0) {
        answers.onNext(
            AnnouncePeerResponse.newBuilder()
                .setEmptyTaskResponse(EmptyTaskResponse.getDefaultInstance())
                .build());
      } else if (parents.isEmpty() || download.getNeedBackToSource()) {
        origin();
      } else {
        answers.onNext(
            AnnouncePeerResponse.newBuilder()
                .setNormalTaskResponse(
                    NormalTaskResponse.newBuilder().addAllCandidateParents(parents))
                .build());
      }
    }

    private void origin() {
      answers.onNext(
          AnnouncePeerResponse.newBuilder()
              .setNeedBackToSourceResponse(
                  NeedBackToSourceResponse.newBuilder().setDescription("nobody has it"))
              .build());
    }

    private void piece(Piece piece) {
      require(piece.hasCost() && piece.hasCreatedAt(), "a piece without cost or time");
      require(piece.getDigest().startsWith("crc32:"), "the digest of a piece");
    }

    private Peer peer(AnnouncePeerRequest request, Host host) {
      Timestamp now = Timestamp.newBuilder().setSeconds(1_800_000_000).build();
      return Peer.newBuilder()
          .setId(request.getPeerId())
          .setCost(Duration.getDefaultInstance())
          .setState("Succeeded")
          .setTask(
              Task.newBuilder()
                  .setId(request.getTaskId())
                  .setUrl(download.getUrl())
                  .setState("Succeeded")
                  .setCreatedAt(now)
                  .setUpdatedAt(now))
          .setHost(host)
          .setCreatedAt(now)
          .setUpdatedAt(now)
          .build();
    }

    private void end() {
      over = true;
      answers.onCompleted();
    }

    @Override
    public void onError(Throwable failure) {
      over = true;
    }

    @Override
    public void onCompleted() {
      if (!over) {
        over = true;
        answers.onCompleted();
      }
    }
  }
}
