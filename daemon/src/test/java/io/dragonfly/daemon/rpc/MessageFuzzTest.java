package io.dragonfly.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.errordetails.v2.Backend;
import io.dragonfly.api.extension.v1.Content;
import io.dragonfly.api.extension.v1.JoinResponse;
import io.dragonfly.api.extension.v1.OriginLease;
import io.dragonfly.api.extension.v1.OriginRefused;
import io.dragonfly.api.extension.v1.Parent;
import io.dragonfly.api.extension.v1.Parents;
import io.dragonfly.api.extension.v1.PieceRoot;
import io.dragonfly.api.extension.v1.Roots;
import io.dragonfly.api.extension.v1.TinyContent;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.EmptyTaskResponse;
import io.dragonfly.api.scheduler.v2.NeedBackToSourceResponse;
import io.dragonfly.api.scheduler.v2.NormalTaskResponse;
import io.dragonfly.common.fuzz.Mutations;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.TaskId;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Messages of a scheduler or a caller that hold anything: taken, or an illegal argument. */
final class MessageFuzzTest {
  private static final HostId HOST = new HostId("127.0.0.1-host");
  private static final TaskId TASK = new TaskId("0123456789abcdef".repeat(4));

  static Stream<byte[]> orders() {
    return Stream.of(
            JoinResponse.newBuilder()
                .setContent(
                    Content.newBuilder()
                        .setLength(10_000_000)
                        .setPieceLength(4 << 20)
                        .setVersion("v")
                        .putHeaders("ETag", "\"v\"")),
            JoinResponse.newBuilder()
                .setParents(
                    Parents.newBuilder()
                        .addParents(
                            Parent.newBuilder()
                                .setPeerId("p")
                                .setHostId("h")
                                .setIp("127.0.0.1")
                                .setPort(4000))),
            JoinResponse.newBuilder()
                .setOriginLease(
                    OriginLease.newBuilder().setPiecesHeld(ByteString.copyFrom(new byte[40]))),
            JoinResponse.newBuilder()
                .setRoots(
                    Roots.newBuilder()
                        .addRoots(
                            PieceRoot.newBuilder()
                                .setNumber(1)
                                .setRoot(ByteString.copyFrom(new byte[32])))),
            JoinResponse.newBuilder()
                .setOriginRefused(
                    OriginRefused.newBuilder()
                        .setBackend(Backend.newBuilder().setMessage("no").setStatusCode(404))),
            JoinResponse.newBuilder()
                .setTinyContent(
                    TinyContent.newBuilder().setBytes(ByteString.copyFrom(new byte[128]))))
        .map(order -> order.build().toByteArray());
  }

  static Stream<byte[]> answers() {
    return Stream.of(
            AnnouncePeerResponse.newBuilder()
                .setNormalTaskResponse(
                    NormalTaskResponse.newBuilder()
                        .addCandidateParents(
                            Peer.newBuilder()
                                .setId("p")
                                .setHost(
                                    Host.newBuilder()
                                        .setId("h")
                                        .setIp("127.0.0.1")
                                        .setPort(4000)
                                        .setType(1)))),
            AnnouncePeerResponse.newBuilder()
                .setNeedBackToSourceResponse(
                    NeedBackToSourceResponse.newBuilder().setDescription("go")),
            AnnouncePeerResponse.newBuilder()
                .setEmptyTaskResponse(EmptyTaskResponse.getDefaultInstance()))
        .map(answer -> answer.build().toByteArray());
  }

  static Stream<byte[]> downloads() {
    return Stream.of(
        Download.newBuilder()
            .setUrl("http://origin/x?a=b")
            .setDigest("sha256:" + "00".repeat(32))
            .setPieceLength(4 << 20)
            .putRequestHeader("Range", "bytes=0-9")
            .addFilteredQueryParams("a")
            .setOutputPath("/tmp/x")
            .build()
            .toByteArray(),
        Download.newBuilder().setUrl("hdfs://h/x").build().toByteArray());
  }

  private interface Taker<M extends Message> {
    void take(M message);
  }

  private static <M extends Message> void take(byte[] input, M type, Taker<M> taker) {
    try {
      @SuppressWarnings("unchecked") // A parser makes what it belongs to.
      M message = (M) type.getParserForType().parseFrom(input);
      taker.take(message);
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      assertThat(e).isNotNull();
    }
  }

  @MethodSource("orders")
  @FuzzTest(maxDuration = "1m")
  void order(byte[] input) {
    take(
        input,
        JoinResponse.getDefaultInstance(),
        message -> new ExtensionDialogue(HOST, TASK, 4005, false).answer(message));
  }

  @MethodSource("answers")
  @FuzzTest(maxDuration = "1m")
  void upstreamAnswer(byte[] input) {
    take(
        input,
        AnnouncePeerResponse.getDefaultInstance(),
        message -> new UpstreamDialogue(HOST, TASK, 5).answer(message));
  }

  @MethodSource("downloads")
  @FuzzTest(maxDuration = "1m")
  void download(byte[] input) {
    take(
        input,
        Download.getDefaultInstance(),
        message -> {
          var _ = DownloadMessages.request(message);
        });
  }

  @Test
  void ordersThatAreNearlyRight() {
    Mutations.tryAll(orders(), this::order);
  }

  @Test
  void upstreamAnswersThatAreNearlyRight() {
    Mutations.tryAll(answers(), this::upstreamAnswer);
  }

  @Test
  void downloadsThatAreNearlyRight() {
    Mutations.tryAll(downloads(), this::download);
  }
}
