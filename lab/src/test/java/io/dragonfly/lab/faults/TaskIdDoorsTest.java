package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.FOREIGN_TASK_IDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.dfdaemon.v2.DeleteLocalTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DeleteTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DfdaemonDownloadGrpc;
import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.StatLocalTaskRequest;
import io.dragonfly.api.dfdaemon.v2.StatTaskRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest;
import io.dragonfly.api.scheduler.v2.AnnouncePeerResponse;
import io.dragonfly.api.scheduler.v2.RegisterPeerRequest;
import io.dragonfly.api.scheduler.v2.SchedulerGrpc;
import io.dragonfly.api.scheduler.v2.StatPeerRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Task ids that are none, and ids of tasks that nobody knows, at every door that takes one. */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class TaskIdDoorsTest {
  private static final int PIECE_ERROR = 255;
  private static final int BLOCKS_REQUEST = 64;
  private static final int INVALID = 1;
  private static final int NOT_FOUND = 2;
  private static final String HOST = "127.0.0.1-nobody";

  private final MultiThreadIoEventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private Map<String, Set<Path>> before = Map.of();

  @SuppressWarnings("NullAway.Init") // set before the first test
  private FaultBench bench;

  @SuppressWarnings("NullAway.Init")
  private ManagedChannel upload;

  @SuppressWarnings("NullAway.Init")
  private ManagedChannel local;

  @SuppressWarnings("NullAway.Init")
  private ManagedChannel scheduler;

  @BeforeAll
  void start() throws Exception {
    bench = FaultBench.start(List.of(), List.of("a"));
    upload = tcp(bench.cluster.port("a.upload"));
    scheduler = tcp(bench.cluster.schedulerPort());
    local =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(bench.cluster.socket("a")))
            .eventLoopGroup(loop)
            .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
  }

  private static ManagedChannel tcp(int port) {
    return NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
  }

  @AfterAll
  void stop() throws Exception {
    for (ManagedChannel channel : List.of(upload, local, scheduler)) {
      channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    bench.close();
  }

  @BeforeEach
  void note() throws IOException {
    before = bench.caches();
  }

  @AfterEach
  void returnsToBase() {
    bench.cachesReturnTo(before);
    bench.returnsToBase();
  }

  static Stream<String> malformed() {
    return Stream.of(
        "", ".", "../../../etc/passwd", "task with spaces", "a/b", "tásk", "x".repeat(257));
  }

  static Stream<String> unknown() {
    return Stream.of("x", "0123", "f".repeat(64), "y".repeat(256));
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void anIdThatIsNoneIsRefusedInWords(String id) {
    assertThat(calls(id))
        .allSatisfy((door, status) -> {
          assertThat(status.getCode()).as(door).isEqualTo(Status.Code.INVALID_ARGUMENT);
          assertThat(status.getDescription()).as(door).contains("task");
        });
  }

  @ParameterizedTest
  @MethodSource("unknown")
  void anIdThatNobodyKnowsIsNotFound(String id) {
    assertThat(calls(id))
        .allSatisfy((door, status) -> {
          // Upstream's children expect INTERNAL from a parent that lost the task.
          assertThat(status.getCode())
              .as("%s: %s", door, status)
              .isEqualTo(
                  door.endsWith("SyncPieces") ? Status.Code.INTERNAL : Status.Code.NOT_FOUND);
          assertThat(status.getDescription()).as(door).isNotBlank().doesNotContain("Exception");
        });
  }

  /** What every call that takes an id ends with. */
  private Map<String, Status> calls(String id) {
    long seconds = FOREIGN_TASK_IDS.limit().toSeconds();
    var peers =
        DfdaemonUploadGrpc.newBlockingStub(upload).withDeadlineAfter(seconds, TimeUnit.SECONDS);
    var users =
        DfdaemonDownloadGrpc.newBlockingStub(local).withDeadlineAfter(seconds, TimeUnit.SECONDS);
    var swarm =
        SchedulerGrpc.newBlockingStub(scheduler).withDeadlineAfter(seconds, TimeUnit.SECONDS);
    var stat = StatTaskRequest.newBuilder().setTaskId(id).build();
    var statLocal = StatLocalTaskRequest.newBuilder().setTaskId(id).build();
    var delete = DeleteTaskRequest.newBuilder().setTaskId(id).build();
    Map<String, Status> ends = new TreeMap<>();
    ends.put("4000 StatTask", end(() -> peers.statTask(stat)));
    ends.put("4000 StatLocalTask", end(() -> peers.statLocalTask(statLocal)));
    ends.put("4000 DeleteTask", end(() -> peers.deleteTask(delete)));
    ends.put(
        "4000 SyncPieces",
        end(() ->
            peers
                .syncPieces(
                    SyncPiecesRequest.newBuilder()
                        .setHostId(HOST)
                        .setTaskId(id)
                        .addInterestedPieceNumbers(0)
                        .build())
                .hasNext()));
    ends.put("unix StatTask", end(() -> users.statTask(stat)));
    ends.put("unix StatLocalTask", end(() -> users.statLocalTask(statLocal)));
    ends.put("unix DeleteTask", end(() -> users.deleteTask(delete)));
    ends.put(
        "unix DeleteLocalTask",
        end(() ->
            users.deleteLocalTask(DeleteLocalTaskRequest.newBuilder().setTaskId(id).build())));
    ends.put(
        "scheduler StatTask",
        end(() ->
            swarm.statTask(
                io.dragonfly.api.scheduler.v2.StatTaskRequest.newBuilder()
                    .setHostId(HOST)
                    .setTaskId(id)
                    .build())));
    ends.put(
        "scheduler DeleteTask",
        end(() ->
            swarm.deleteTask(
                io.dragonfly.api.scheduler.v2.DeleteTaskRequest.newBuilder()
                    .setHostId(HOST)
                    .setTaskId(id)
                    .build())));
    ends.put(
        "scheduler StatPeer",
        end(() ->
            swarm.statPeer(
                StatPeerRequest.newBuilder()
                    .setHostId(HOST)
                    .setTaskId(id)
                    .setPeerId("peer")
                    .build())));
    ends.put("scheduler AnnouncePeer", end(() -> announce(id)));
    return ends;
  }

  private Object announce(String id) {
    CompletableFuture<AnnouncePeerResponse> answer = new CompletableFuture<>();
    StreamObserver<AnnouncePeerRequest> requests =
        SchedulerGrpc.newStub(scheduler)
            .withDeadlineAfter(FOREIGN_TASK_IDS.limit().toSeconds(), TimeUnit.SECONDS)
            .announcePeer(
                new StreamObserver<>() {
                  @Override
                  public void onNext(AnnouncePeerResponse response) {
                    answer.complete(response);
                  }

                  @Override
                  public void onError(Throwable error) {
                    answer.completeExceptionally(error);
                  }

                  @Override
                  public void onCompleted() {
                    answer.complete(AnnouncePeerResponse.getDefaultInstance());
                  }
                });
    requests.onNext(
        AnnouncePeerRequest.newBuilder()
            .setHostId(HOST)
            .setTaskId(id)
            .setPeerId("peer")
            .setRegisterPeerRequest(
                RegisterPeerRequest.newBuilder()
                    .setDownload(Download.newBuilder().setUrl("http://127.0.0.1:1/none")))
            .build());
    try {
      return answer.join();
    } catch (java.util.concurrent.CompletionException e) {
      throw e.getCause() instanceof StatusRuntimeException status ? status : e;
    }
  }

  private static Status end(Supplier<Object> call) {
    StatusRuntimeException error = catchThrowableOfType(StatusRuntimeException.class, call::get);
    return error == null ? Status.OK : error.getStatus();
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void thePiecePortRefusesAnIdThatIsNone(String id) throws IOException {
    assertThat(pieceRequest(id)).isEqualTo(INVALID);
    if (id.length() < 256) {
      assertThat(blocksRequest(id)).isEqualTo(INVALID);
    }
  }

  @ParameterizedTest
  @MethodSource("unknown")
  void thePiecePortDoesNotFindAnIdThatNobodyKnows(String id) throws IOException {
    if (id.length() == 64) {
      assertThat(pieceRequest(id)).isEqualTo(NOT_FOUND);
    } else {
      assertThat(pieceRequest(id)).as("ids of upstream's frames have 64 bytes").isEqualTo(INVALID);
    }
    if (id.length() < 256) {
      assertThat(blocksRequest(id)).isEqualTo(NOT_FOUND);
    }
  }

  /** The code of the error that a request of piece 0 gets, with the id as it is. */
  private int pieceRequest(String id) throws IOException {
    byte[] text = id.getBytes(StandardCharsets.UTF_8);
    return errorCode(
        ByteBuffer.allocate(6 + text.length + 4)
            .put((byte) 7)
            .put((byte) 0)
            .putInt(text.length + 4)
            .put(text)
            .putInt(0)
            .array());
  }

  private int blocksRequest(String id) throws IOException {
    byte[] text = id.getBytes(StandardCharsets.UTF_8);
    return errorCode(
        ByteBuffer.allocate(6 + 17 + text.length)
            .put((byte) 7)
            .put((byte) BLOCKS_REQUEST)
            .putInt(17 + text.length)
            .put((byte) 0)
            .putLong(0)
            .putInt(0)
            .put((byte) 0)
            .put((byte) 1)
            .put((byte) 0)
            .put((byte) text.length)
            .put(text)
            .array());
  }

  private int errorCode(byte[] frame) throws IOException {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), bench.cluster.port("a.tcp"))) {
      socket.setSoTimeout((int) FOREIGN_TASK_IDS.limit().toMillis());
      socket.getOutputStream().write(frame);
      DataInputStream in = new DataInputStream(socket.getInputStream());
      in.readUnsignedByte();
      assertThat(in.readUnsignedByte()).as("tag").isEqualTo(PIECE_ERROR);
      int length = in.readInt();
      assertThat(length).isBetween(2, 1025);
      int code = in.readUnsignedByte();
      assertThat(new String(in.readNBytes(length - 1), StandardCharsets.UTF_8)).isNotBlank();
      return code;
    }
  }
}
