package io.dragonfly.scheduler.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.common.v2.Piece;
import io.dragonfly.api.errordetails.v2.Backend;
import io.dragonfly.api.extension.v1.Content;
import io.dragonfly.api.extension.v1.FinishedPiece;
import io.dragonfly.api.extension.v1.JoinRequest;
import io.dragonfly.api.extension.v1.JoinResponse;
import io.dragonfly.api.extension.v1.OriginFailed;
import io.dragonfly.api.extension.v1.OriginProgress;
import io.dragonfly.api.extension.v1.ParentsWanted;
import io.dragonfly.api.extension.v1.PieceFailed;
import io.dragonfly.api.extension.v1.PieceRoot;
import io.dragonfly.api.extension.v1.PiecesFinished;
import io.dragonfly.api.extension.v1.Register;
import io.dragonfly.api.extension.v1.TinyContent;
import io.dragonfly.api.scheduler.v2.AnnounceHostRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.DownloadPeerFinishedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPeerStartedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPieceBackToSourceFailedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPieceFailedRequest;
import io.dragonfly.api.scheduler.v2.DownloadPieceFinishedRequest;
import io.dragonfly.api.scheduler.v2.RegisterPeerRequest;
import io.dragonfly.api.scheduler.v2.ReschedulePeerRequest;
import io.dragonfly.common.fuzz.Mutations;
import io.dragonfly.common.telemetry.Metrics;
import io.dragonfly.scheduler.swarm.Swarm;
import io.dragonfly.scheduler.swarm.SwarmAction;
import io.dragonfly.scheduler.swarm.SwarmSettings;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Streams of peers that say anything: each message is understood or refused, and the swarm goes on.
 * An input is the messages of one stream, each behind its length.
 */
final class CallFuzzTest {
  private static final String TASK = "0123456789abcdef".repeat(4);
  private static final long NOW = 1_700_000_000_000L;

  /** They only count, and are slow to make. */
  private static final SchedulerMetrics METRICS =
      new SchedulerMetrics(
          new Metrics("dragonfly_scheduler"),
          new Swarm(SwarmSettings.defaults(), 1, false, _ -> {}),
          new PeerStreams(),
          false);

  private static Download download() {
    return Download.newBuilder()
        .setUrl("http://origin/x?a=b")
        .setDigest("sha256:" + "00".repeat(32))
        .addFilteredQueryParams("a")
        .putRequestHeader("authorization", "Basic x")
        .build();
  }

  private static Register.Builder register() {
    return Register.newBuilder()
        .setHostId("host")
        .setTaskId(TASK)
        .setPeerId("peer")
        .setDownload(download())
        .setPiecePort(4005);
  }

  private static Content content(long length) {
    return Content.newBuilder().setLength(length).setPieceLength(4 << 20).setVersion("v").build();
  }

  static Stream<byte[]> joins() {
    JoinRequest.Builder plain = JoinRequest.newBuilder().setRegister(register());
    PieceRoot root =
        PieceRoot.newBuilder().setNumber(0).setRoot(ByteString.copyFrom(new byte[32])).build();
    JoinRequest.Builder holder =
        JoinRequest.newBuilder()
            .setRegister(
                register()
                    .setContent(content(100))
                    .setPieces(ByteString.copyFrom(new byte[] {1}))
                    .addRoots(root));
    return Stream.of(
        frames(
            plain.build(),
            JoinRequest.newBuilder().setContent(content(10_000_000)).build(),
            JoinRequest.newBuilder()
                .setPiecesFinished(
                    PiecesFinished.newBuilder()
                        .addPieces(
                            FinishedPiece.newBuilder()
                                .setNumber(2)
                                .setLength(1_611_392)
                                .setRoot(ByteString.copyFrom(new byte[32]))
                                .setParentId("parent")))
                .build()),
        frames(
            holder.build(),
            JoinRequest.newBuilder()
                .setTinyContent(
                    TinyContent.newBuilder().setBytes(ByteString.copyFrom(new byte[100])))
                .build(),
            JoinRequest.newBuilder()
                .setOriginProgress(OriginProgress.newBuilder().setBytes(77))
                .build()),
        frames(
            plain.build(),
            JoinRequest.newBuilder()
                .setPieceFailed(
                    PieceFailed.newBuilder()
                        .setNumber(1)
                        .setParentId("parent")
                        .setReason(PieceFailed.Reason.CORRUPT))
                .build(),
            JoinRequest.newBuilder()
                .setParentsWanted(ParentsWanted.newBuilder().addUnwantedParentIds("parent"))
                .build(),
            JoinRequest.newBuilder()
                .setOriginFailed(
                    OriginFailed.newBuilder()
                        .setBackend(Backend.newBuilder().setStatusCode(404).setMessage("no")))
                .build()));
  }

  private static AnnouncePeerRequest.Builder said() {
    return AnnouncePeerRequest.newBuilder().setHostId("host").setTaskId(TASK).setPeerId("peer");
  }

  static Stream<byte[]> announcements() {
    AnnouncePeerRequest register =
        said()
            .setRegisterPeerRequest(
                RegisterPeerRequest.newBuilder()
                    .setDownload(
                        download().toBuilder()
                            .setActualContentLength(10_000_000)
                            .setActualPieceLength(4 << 20)
                            .setActualPieceCount(3)))
            .build();
    AnnouncePeerRequest started =
        said()
            .setDownloadPeerStartedRequest(DownloadPeerStartedRequest.getDefaultInstance())
            .build();
    return Stream.of(
        frames(
            register,
            started,
            said()
                .setDownloadPieceFinishedRequest(
                    DownloadPieceFinishedRequest.newBuilder()
                        .setPiece(Piece.newBuilder().setNumber(2).setLength(5).setParentId("p")))
                .build(),
            said()
                .setDownloadPeerFinishedRequest(DownloadPeerFinishedRequest.getDefaultInstance())
                .build()),
        frames(
            register,
            started,
            said()
                .setDownloadPieceFailedRequest(
                    DownloadPieceFailedRequest.newBuilder()
                        .setPieceNumber(1)
                        .setParentId("p")
                        .setTemporary(true))
                .build(),
            said()
                .setReschedulePeerRequest(
                    ReschedulePeerRequest.newBuilder()
                        .addCandidateParents(Peer.newBuilder().setId("p")))
                .build(),
            said()
                .setDownloadPieceBackToSourceFailedRequest(
                    DownloadPieceBackToSourceFailedRequest.newBuilder()
                        .setBackend(Backend.newBuilder().setStatusCode(500)))
                .build()));
  }

  static Stream<byte[]> hosts() {
    return Stream.of(
        AnnounceHostRequest.newBuilder()
            .setHost(
                Host.newBuilder()
                    .setId("host")
                    .setType(1)
                    .setHostname("h")
                    .setIp("10.0.0.1")
                    .setPort(4000)
                    .setDownloadPort(4001))
            .setInterval(com.google.protobuf.Duration.newBuilder().setSeconds(30))
            .build()
            .toByteArray());
  }

  private static byte[] frames(MessageLite... messages) {
    try (ByteArrayOutputStream bytes = new ByteArrayOutputStream()) {
      CodedOutputStream out = CodedOutputStream.newInstance(bytes);
      for (MessageLite message : messages) {
        out.writeMessageNoTag(message);
      }
      out.flush();
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What is whole of a stream's messages. */
  private static <M> List<M> messages(byte[] input, Parser<M> parser) {
    List<M> messages = new ArrayList<>();
    try {
      CodedInputStream in = CodedInputStream.newInstance(input);
      while (!in.isAtEnd()) {
        messages.add(parser.parseFrom(in.readByteArray()));
      }
    } catch (InvalidProtocolBufferException e) {
      return messages; // gRPC ends such a stream.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return messages;
  }

  /** A scheduler without a network, that knows one host. */
  private static SwarmShell shell() {
    PeerStreams streams = new PeerStreams();
    Swarm swarm =
        new Swarm(SwarmSettings.defaults(), 1, false, action -> carryOut(streams, action));
    SwarmShell shell = new SwarmShell(swarm, streams, METRICS, () -> NOW);
    host(shell, AnnounceHostRequest.newBuilder());
    return shell;
  }

  private static void host(SwarmShell shell, AnnounceHostRequest.Builder request) {
    request
        .getHostBuilder()
        .setId("host")
        .setHostname("h")
        .setIp("10.0.0.1")
        .setPort(4000)
        .setDownloadPort(4001);
    Checks.host(request.getHost());
    assertThat(shell.swarm().announce(HostMessages.announcement(request.build()), NOW)).isTrue();
  }

  private static void carryOut(PeerStreams streams, SwarmAction action) {
    switch (action) {
      case SwarmAction.Tell tell -> streams.tell(tell);
      case SwarmAction.End end -> streams.end(end);
      case SwarmAction.TriggerSeed _,
          SwarmAction.CancelTrigger _,
          SwarmAction.Notice _,
          SwarmAction.HostNotice _ -> {}
    }
  }

  @MethodSource("joins")
  @FuzzTest(maxDuration = "1m")
  void join(byte[] input) {
    Answers<JoinResponse> answers = new Answers<>();
    say(messages(input, JoinRequest.parser()), new JoinCall(shell(), answers), answers);
  }

  @MethodSource("announcements")
  @FuzzTest(maxDuration = "1m")
  void announcement(byte[] input) {
    Answers<AnnouncePeerResponse> answers = new Answers<>();
    say(messages(input, AnnouncePeerRequest.parser()), new AnnounceCall(shell(), answers), answers);
  }

  private static <M> void say(List<M> messages, StreamObserver<M> call, Answers<?> answers) {
    for (M message : messages) {
      if (answers.ended) {
        return; // So does gRPC: nothing more is read.
      }
      call.onNext(message);
    }
    call.onCompleted();
  }

  @MethodSource("hosts")
  @FuzzTest(maxDuration = "1m")
  void host(byte[] input) {
    try {
      AnnounceHostRequest request = AnnounceHostRequest.parseFrom(input);
      Checks.host(request.getHost());
      assertThat(HostMessages.announcement(request).intervalMillis()).isNotNegative();
    } catch (InvalidProtocolBufferException e) {
      assertThat(e).isNotNull();
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    }
  }

  @Test
  void joinsThatAreNearlyRight() {
    Mutations.tryAll(joins(), this::join);
  }

  @Test
  void announcementsThatAreNearlyRight() {
    Mutations.tryAll(announcements(), this::announcement);
  }

  @Test
  void hostsThatAreNearlyRight() {
    Mutations.tryAll(hosts(), this::host);
  }

  /** The way back, on which nothing waits. */
  private static final class Answers<T> extends ServerCallStreamObserver<T> {
    private boolean ended;

    @Override
    public void onNext(T value) {
      assertThat(ended).isFalse();
    }

    @Override
    public void onError(Throwable failure) {
      ended = true;
      assertThat(Status.fromThrowable(failure).getCode())
          .isNotIn(Status.Code.UNKNOWN, Status.Code.INTERNAL);
    }

    @Override
    public void onCompleted() {
      ended = true;
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public void setOnCancelHandler(Runnable handler) {}

    @Override
    public void setOnCloseHandler(Runnable handler) {}

    @Override
    public void setOnReadyHandler(Runnable handler) {}

    @Override
    public void setCompression(String compression) {}

    @Override
    public void disableAutoInboundFlowControl() {}

    @Override
    public void request(int count) {}

    @Override
    public void setMessageCompression(boolean enable) {}
  }
}
