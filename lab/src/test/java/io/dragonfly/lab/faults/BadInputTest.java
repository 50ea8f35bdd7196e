package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.EXISTING_OUTPUT;
import static io.dragonfly.lab.faults.Fault.FOREIGN_TASK_IDS;
import static io.dragonfly.lab.faults.Fault.MALFORMED_FRAMES;
import static io.dragonfly.lab.faults.Fault.MALFORMED_URL;
import static io.dragonfly.lab.faults.Fault.MISSING_PARENT_DIRECTORY;
import static io.dragonfly.lab.faults.Fault.NOTHING_LISTENS;
import static io.dragonfly.lab.faults.Fault.ORIGIN_FAILS_THEN_RECOVERS;
import static io.dragonfly.lab.faults.Fault.ORIGIN_REFUSES;
import static io.dragonfly.lab.faults.Fault.UNKNOWN_SCHEME;
import static io.dragonfly.lab.faults.Fault.UNWRITABLE_OUTPUT;
import static io.dragonfly.lab.faults.Fault.WRONG_DIGEST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.dragonfly.api.dfdaemon.v2.DeleteTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.StatLocalTaskRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesRequest;
import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a user or a neighbour can get wrong; one cluster lives through all of it. */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class BadInputTest {
  private static final LabContent CONTENT = new LabContent(2, 9_000_001);

  @SuppressWarnings("NullAway.Init") // set before the first test
  private FaultBench bench;

  @BeforeAll
  void start() throws Exception {
    bench = FaultBench.start(List.of("seed"), List.of("a"));
  }

  @AfterAll
  void stop() throws IOException {
    bench.close();
  }

  @AfterEach
  void returnsToBaseAndStillWorks() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      bench.run(ORIGIN_REFUSES, "a", origin.url("/after")).succeededWith(CONTENT);
      assertThat(origin.bytesSent()).isLessThanOrEqualTo(CONTENT.length() * 101 / 100);
    }
    bench.returnsToBase();
  }

  @Test
  void aMalformedUrlIsRefused() throws Exception {
    bench.run(MALFORMED_URL, "a", "http://[nonsense/file").failedSaying("URL");
  }

  @Test
  void anUnknownSchemeIsNamed() throws Exception {
    bench.run(UNKNOWN_SCHEME, "a", "gopher://127.0.0.1/file").failedSaying("gopher");
  }

  @Test
  void anOriginThatDoesNotListenIsNamed() throws Exception {
    bench.run(NOTHING_LISTENS, "a", "http://127.0.0.1:1/file").failedSaying("127.0.0.1:1");
  }

  @Test
  void aMissingParentDirectoryIsNamed() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      Path output = bench.outputs.resolve("none").resolve("file1");
      FaultBench.end(MISSING_PARENT_DIRECTORY, bench.start("a", origin.url("/p"), output), output)
          .failedSaying(bench.outputs.resolve("none").toString());
      assertThat(origin.requests()).isEmpty();
    }
  }

  @Test
  void anExistingOutputIsKeptUnlessOverwriteIsSaid() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      Path output = Files.writeString(bench.newOutput(), "precious");
      FaultBench.Outcome refused =
          FaultBench.end(EXISTING_OUTPUT, bench.start("a", origin.url("/e"), output), output);
      assertThat(refused.exitCode()).isIn(1, 2);
      assertThat(refused.text()).contains("--overwrite");
      assertThat(output).hasContent("precious");

      FaultBench.end(
              EXISTING_OUTPUT, bench.start("a", origin.url("/e"), output, "--overwrite"), output)
          .succeededWith(CONTENT);
    }
  }

  @Test
  void aFailedOverwriteKeepsWhatWasThere() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good().refusing(404))) {
      Path output = Files.writeString(bench.newOutput(), "precious");
      FaultBench.Outcome failed =
          FaultBench.end(
              EXISTING_OUTPUT, bench.start("a", origin.url("/f"), output, "--overwrite"), output);
      assertThat(failed.exitCode()).isEqualTo(1);
      assertThat(output).hasContent("precious");
    }
  }

  @Test
  void anUnwritableOutputIsNamed() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      Path output = Path.of("/proc/dragonfly-output");
      FaultBench.end(UNWRITABLE_OUTPUT, bench.start("a", origin.url("/u"), output), output)
          .failedSaying("/proc/dragonfly-output");
    }
  }

  @Test
  void aWrongDigestFailsAndDropsTheCache() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      long before = bench.storedBytes("a");
      String zeros = "sha256:" + "0".repeat(64);
      bench
          .run(WRONG_DIGEST, "a", origin.url("/digest"), "--digest", zeros)
          .failedSaying("digest", CONTENT.sha256());
      org.awaitility.Awaitility.await()
          .atMost(WRONG_DIGEST.limit())
          .untilAsserted(() -> assertThat(bench.storedBytes("a")).isLessThanOrEqualTo(before));

      bench
          .run(WRONG_DIGEST, "a", origin.url("/digest"), "--digest", "sha256:" + CONTENT.sha256())
          .succeededWith(CONTENT);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 404, 410, 500})
  void aRefusalOfTheOriginIsTold(int status) throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good().refusing(status))) {
      bench.run(ORIGIN_REFUSES, "a", origin.url("/r" + status)).failedSaying("" + status);
      // A 4xx is final; a 5xx is asked again by two hosts, five times each, and once more each
      // time.
      assertThat(origin.requests())
          .as("an origin that refuses is not stormed")
          .hasSizeLessThanOrEqualTo(status < 500 ? 4 : 20);
      assertThat(origin.bytesSent()).isZero();
    }
  }

  @Test
  void anOriginThatRecoversIsAskedAgain() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good().refusing(503, 2))) {
      bench.run(ORIGIN_FAILS_THEN_RECOVERS, "a", origin.url("/recovers")).succeededWith(CONTENT);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "../../../etc/passwd", "task with spaces", "0123"})
  void foreignTaskIdsAreAnsweredInPlainWords(String id) throws Exception {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", bench.cluster.port("a.upload"))
            .usePlaintext()
            .build();
    try {
      DfdaemonUploadGrpc.DfdaemonUploadBlockingStub stub =
          DfdaemonUploadGrpc.newBlockingStub(channel)
              .withDeadlineAfter(FOREIGN_TASK_IDS.limit().toSeconds(), TimeUnit.SECONDS);
      assertThat(
              List.of(
                  codeOf(() ->
                      stub.statLocalTask(StatLocalTaskRequest.newBuilder().setTaskId(id).build())),
                  codeOf(
                      () -> stub.deleteTask(DeleteTaskRequest.newBuilder().setTaskId(id).build())),
                  codeOf(() ->
                      stub.syncPieces(
                              SyncPiecesRequest.newBuilder()
                                  .setHostId("h")
                                  .setTaskId(id)
                                  .addInterestedPieceNumbers(0)
                                  .build())
                          .hasNext())))
          .allMatch(code ->
              code == Status.Code.INVALID_ARGUMENT
                  || code == Status.Code.NOT_FOUND
                  || code == Status.Code.INTERNAL
                  || code == Status.Code.OK);
    } finally {
      channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }
  }

  private static Status.Code codeOf(Supplier<Object> call) {
    StatusRuntimeException error = catchThrowableOfType(StatusRuntimeException.class, call::get);
    return error == null ? Status.Code.OK : error.getStatus().getCode();
  }

  @Test
  void malformedFramesEndTheirConnectionAndNothingElse() throws Exception {
    byte[] fourGigabytes = {1, 0, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 65, 66};
    byte[] unknownTag = {1, 99, 0, 0, 0, 4, 1, 2, 3, 4};
    byte[] shortRequest = ByteBuffer.allocate(6 + 10).put(new byte[] {1, 0, 0, 0, 0, 10}).array();
    byte[] noise = new byte[4096];
    new Random(7).nextBytes(noise);
    for (byte[] frame : List.of(fourGigabytes, unknownTag, shortRequest, noise)) {
      try (Socket socket =
          new Socket(InetAddress.getLoopbackAddress(), bench.cluster.port("a.tcp"))) {
        socket.setSoTimeout((int) MALFORMED_FRAMES.limit().toMillis());
        socket.getOutputStream().write(frame);
        socket.getOutputStream().flush();
        // An error frame or nothing, and then the end; a reset is an end as well.
        assertThat(readToEnd(socket)).isLessThan(1024);
      }
    }
  }

  private static int readToEnd(Socket socket) throws IOException {
    try {
      return socket.getInputStream().readAllBytes().length;
    } catch (java.net.SocketTimeoutException e) {
      throw e;
    } catch (java.net.SocketException e) {
      return 0;
    }
  }
}
