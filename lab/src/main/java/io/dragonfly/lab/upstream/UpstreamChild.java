package io.dragonfly.lab.upstream;

import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.common.v2.Piece;
import io.dragonfly.api.common.v2.TrafficType;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.DownloadPeerBackToSourceFinishedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPeerBackToSourceStartedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPeerFailedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPeerFinishedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPeerStartedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPieceBackToSourceFinishedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPieceFailedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPieceFinishedRequest;
import io.dragonfly.api.scheduler.v2.RegisterPeerRequest;
import io.dragonfly.api.scheduler.v2.ReschedulePeerRequest;
import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One download of the stand-in, as the Rust daemon does it: it asks the origin for the length
 * first, registers, reads the scheduler only between rounds and at most five times, echoes the
 * candidates when it asks for others, and after its last message waits until the scheduler ends the
 * stream. Whatever the swarm does not give it takes from the origin, unless that was forbidden.
 */
final class UpstreamChild {
  private static final int MAX_SCHEDULE_COUNT = 5;
  private static final long SMALL = 4L << 20;
  private static final long WAIT_FOR_END_SECONDS = 10;

  private final UpstreamDaemon daemon;
  private final Download download;
  private final String taskId;
  private final String peerId;
  private final UpstreamOrigin origin;

  /** Answers of the scheduler; an empty message says that it ended the stream. */
  private final BlockingQueue<AnnouncePeerResponse> answers = new LinkedBlockingQueue<>();

  private final CountDownLatch ended = new CountDownLatch(1);

  UpstreamChild(UpstreamDaemon daemon, Download download, String taskId) {
    this.daemon = daemon;
    this.download = download;
    this.taskId = taskId;
    this.origin = new UpstreamOrigin(download.getUrl());
    this.peerId =
        daemon.address
            + "-"
            + daemon.hostname
            + "-"
            + UUID.randomUUID()
            + (daemon.seed ? "-seed" : "");
  }

  Path run() throws IOException, InterruptedException {
    UpstreamContent content = daemon.content(taskId, origin.length());
    if (content.length <= SMALL && !download.getDisableBackToSource()) {
      fromOrigin(content, null);
    } else if (!content.isFinished()) {
      withScheduler(content);
      if (!content.isFinished()) {
        if (download.getDisableBackToSource()) {
          content.fail();
          throw new IOException("the swarm did not give everything, and the origin is forbidden");
        }
        fromOrigin(content, null);
      }
    }
    return content.file;
  }

  private void withScheduler(UpstreamContent content) throws IOException, InterruptedException {
    StreamObserver<AnnouncePeerRequest> stream =
        SchedulerGrpc.newStub(daemon.scheduler)
            .announcePeer(
                new StreamObserver<>() {
                  @Override
                  public void onNext(AnnouncePeerResponse response) {
                    answers.add(response);
                  }

                  @Override
                  public void onError(Throwable t) {
                    daemon.violations.add("AnnouncePeer ended: " + t.getMessage());
                    onCompleted();
                  }

                  @Override
                  public void onCompleted() {
                    answers.add(AnnouncePeerResponse.getDefaultInstance());
                    ended.countDown();
                  }
                });
    Download registered =
        download.toBuilder()
            .setActualContentLength(content.length)
            .setActualPieceLength(content.pieceLength)
            .setActualPieceCount(content.pieceCount())
            .setConcurrentPieceCount(8)
            .build();
    stream.onNext(
        request()
            .setRegisterPeerRequest(RegisterPeerRequest.newBuilder().setDownload(registered))
            .build());
    if (rounds(content, stream) && !ended.await(WAIT_FOR_END_SECONDS, TimeUnit.SECONDS)) {
      daemon.violations.add("the scheduler did not end the stream after the last message");
    }
    stream.onCompleted();
  }

  /** Follows the scheduler's answers; true when the last message was sent. */
  private boolean rounds(UpstreamContent content, StreamObserver<AnnouncePeerRequest> stream)
      throws IOException, InterruptedException {
    for (int count = 1; ; count++) {
      AnnouncePeerResponse answer = answers.poll(120, TimeUnit.SECONDS);
      if (answer == null
          || answer.getResponseCase() == AnnouncePeerResponse.ResponseCase.RESPONSE_NOT_SET) {
        return false;
      }
      if (count > MAX_SCHEDULE_COUNT) {
        stream.onNext(
            request()
                .setDownloadPeerFailedRequest(
                    DownloadPeerFailedRequest.newBuilder()
                        .setDescription("max schedule count exceeded"))
                .build());
        return true;
      }
      switch (answer.getResponseCase()) {
        case EMPTY_TASK_RESPONSE -> {
          daemon.violations.add("EmptyTaskResponse for " + content.length + " bytes");
          stream.onNext(started());
          stream.onNext(finished());
          return true;
        }
        case NORMAL_TASK_RESPONSE -> {
          if (round(content, answer.getNormalTaskResponse().getCandidateParentsList(), stream)) {
            return true;
          }
        }
        case NEED_BACK_TO_SOURCE_RESPONSE -> {
          stream.onNext(
              request()
                  .setDownloadPeerBackToSourceStartedRequest(
                      DownloadPeerBackToSourceStartedRequest.getDefaultInstance())
                  .build());
          fromOrigin(content, stream);
          stream.onNext(
              request()
                  .setDownloadPeerBackToSourceFinishedRequest(
                      DownloadPeerBackToSourceFinishedRequest.getDefaultInstance())
                  .build());
          return true;
        }
        case METADATA_ONLY_RESPONSE, RESPONSE_NOT_SET -> {
          daemon.violations.add("unexpected answer " + answer.getResponseCase());
          return false;
        }
      }
    }
  }

  private boolean round(
      UpstreamContent content, List<Peer> parents, StreamObserver<AnnouncePeerRequest> stream)
      throws InterruptedException {
    stream.onNext(started());
    UpstreamRound round = new UpstreamRound(daemon, taskId, peerId, content, parents);
    List<UpstreamRound.Failure> failures =
        round.run(piece ->
            stream.onNext(
                request()
                    .setDownloadPieceFinishedRequest(
                        DownloadPieceFinishedRequest.newBuilder()
                            .setPiece(report(piece, TrafficType.REMOTE_PEER)))
                    .build()));
    for (UpstreamRound.Failure failure : failures) {
      stream.onNext(
          request()
              .setDownloadPieceFailedRequest(
                  DownloadPieceFailedRequest.newBuilder()
                      .setPieceNumber(failure.number())
                      .setParentId(failure.parentId())
                      .setTemporary(true))
              .build());
    }
    if (content.isFinished()) {
      stream.onNext(finished());
      return true;
    }
    stream.onNext(
        request()
            .setReschedulePeerRequest(
                ReschedulePeerRequest.newBuilder()
                    .addAllCandidateParents(parents)
                    .setDescription("not all pieces are downloaded from parent"))
            .build());
    return false;
  }

  private void fromOrigin(
      UpstreamContent content, @Nullable StreamObserver<AnnouncePeerRequest> stream)
      throws IOException, InterruptedException {
    for (int number : missing(content)) {
      long offset = number * content.pieceLength;
      byte[] bytes = origin.read(offset, content.lengthOf(number));
      UpstreamContent.Piece piece = content.keep(number, offset, bytes, "");
      if (stream != null) {
        stream.onNext(
            request()
                .setDownloadPieceBackToSourceFinishedRequest(
                    DownloadPieceBackToSourceFinishedRequest.newBuilder()
                        .setPiece(report(piece, TrafficType.BACK_TO_SOURCE)))
                .build());
      }
    }
  }

  static List<Integer> missing(UpstreamContent content) {
    List<Integer> missing = new ArrayList<>();
    for (int number = 0; number < content.pieceCount(); number++) {
      if (content.piece(number).isEmpty()) {
        missing.add(number);
      }
    }
    return missing;
  }

  private static Piece report(UpstreamContent.Piece piece, TrafficType type) {
    Piece.Builder report =
        Piece.newBuilder()
            .setNumber(piece.number())
            .setOffset(piece.offset())
            .setLength(piece.length())
            .setDigest(piece.digest())
            .setTrafficType(type)
            .setCost(Durations.fromMillis(10))
            .setCreatedAt(Timestamps.now());
    if (!piece.parentId().isEmpty()) {
      report.setParentId(piece.parentId());
    }
    return report.build();
  }

  private AnnouncePeerRequest started() {
    return request()
        .setDownloadPeerStartedRequest(DownloadPeerStartedRequest.getDefaultInstance())
        .build();
  }

  private AnnouncePeerRequest finished() {
    return request()
        .setDownloadPeerFinishedRequest(DownloadPeerFinishedRequest.getDefaultInstance())
        .build();
  }

  private AnnouncePeerRequest.Builder request() {
    return AnnouncePeerRequest.newBuilder()
        .setHostId(daemon.hostId())
        .setTaskId(taskId)
        .setPeerId(peerId);
  }
}
