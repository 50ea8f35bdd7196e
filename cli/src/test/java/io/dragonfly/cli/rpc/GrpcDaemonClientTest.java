package io.dragonfly.cli.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Piece;
import io.dragonfly.api.common.v2.TrafficType;
import io.dragonfly.api.dfdaemon.v2.DfdaemonDownloadGrpc;
import io.dragonfly.api.dfdaemon.v2.DownloadPieceFinishedResponse;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskResponse;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskStartedResponse;
import io.dragonfly.cli.Dfget;
import io.dragonfly.cli.Terminal;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** dfget against a daemon that speaks gRPC only, from the first byte on. */
class GrpcDaemonClientTest {
  @TempDir private Path directory;
  private Path output;
  private Server server;
  private MultiThreadIoEventLoopGroup group;
  private final Daemon daemon = new Daemon();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  /** Gives prepared answers, then ends with a status. */
  private static final class Daemon extends DfdaemonDownloadGrpc.DfdaemonDownloadImplBase {
    private final List<DownloadTaskResponse> answers = new ArrayList<>();
    private @Nullable Throwable failure;
    private volatile Download asked = Download.getDefaultInstance();

    @Override
    public void downloadTask(
        DownloadTaskRequest request, StreamObserver<DownloadTaskResponse> response) {
      asked = request.getDownload();
      answers.forEach(response::onNext);
      Throwable end = failure;
      if (end == null) {
        response.onCompleted();
      } else {
        response.onError(end);
      }
    }

    void start(long length, int... pieces) {
      DownloadTaskStartedResponse.Builder started =
          DownloadTaskStartedResponse.newBuilder().setContentLength(length);
      for (int piece : pieces) {
        started.addPieces(Piece.newBuilder().setNumber(piece));
      }
      answers.add(
          DownloadTaskResponse.newBuilder().setDownloadTaskStartedResponse(started).build());
    }

    void piece(int number, long offset, String content, TrafficType type) {
      CRC32 crc = new CRC32();
      crc.update(content.getBytes(StandardCharsets.UTF_8));
      piece(number, offset, content, type, "crc32:" + crc.getValue());
    }

    void piece(int number, long offset, String content, TrafficType type, String digest) {
      Piece piece =
          Piece.newBuilder()
              .setNumber(number)
              .setOffset(offset)
              .setLength(content.length())
              .setContent(ByteString.copyFromUtf8(content))
              .setTrafficType(type)
              .setDigest(digest)
              .build();
      answers.add(
          DownloadTaskResponse.newBuilder()
              .setDownloadPieceFinishedResponse(
                  DownloadPieceFinishedResponse.newBuilder().setPiece(piece))
              .build());
    }
  }

  @BeforeEach
  void startServer() throws IOException {
    output = directory.resolve("out");
    group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    server =
        NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(directory.resolve("s")))
            .channelFactory(NioServerDomainSocketChannel::new)
            .bossEventLoopGroup(group)
            .workerEventLoopGroup(group)
            .addService(daemon)
            .build()
            .start();
  }

  @AfterEach
  void stopServer() throws InterruptedException {
    server.shutdownNow().awaitTermination();
    group.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).sync();
  }

  private int dfget(String... more) {
    List<String> args = new ArrayList<>();
    args.addAll(List.of("http://u:p@host/f?x=1", "-O", "out", "-H", "A: b : c", "--timeout=60s"));
    args.addAll(List.of("-e", directory.resolve("s").toString()));
    args.addAll(List.of(more));
    return Dfget.run(
        args.toArray(String[]::new),
        new Terminal(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            Map.of(),
            directory,
            /* interactive= */ false));
  }

  private String errors() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private List<String> files() throws IOException {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void piecesInAnyOrderBecomeTheFile() throws Exception {
    daemon.start(11, 0, 1);
    daemon.piece(1, 6, "world", TrafficType.REMOTE_PEER);
    daemon.piece(0, 0, "hello\n", TrafficType.BACK_TO_SOURCE);
    assertThat(dfget()).as(errors()).isZero();
    assertThat(output).hasContent("hello\nworld");
    assertThat(files()).containsExactly("out", "s");
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("45% from peers, 55% from the origin");
    assertThat(errors()).isEmpty();
  }

  @Test
  void requestIsWhatUpstreamsDfgetSends() {
    daemon.start(0);
    assertThat(dfget("--tag", "t", "--piece-length", "4MiB")).as(errors()).isZero();
    Download asked = daemon.asked;
    assertThat(asked.getUrl()).isEqualTo("http://u:p@host/f?x=1");
    assertThat(asked.getNeedPieceContent()).isTrue();
    assertThat(asked.hasOutputPath()).isFalse();
    assertThat(asked.getTag()).isEqualTo("t");
    assertThat(asked.hasApplication()).isTrue();
    assertThat(asked.getPieceLength()).isEqualTo(4 << 20);
    assertThat(asked.getPriorityValue()).isEqualTo(6);
    assertThat(asked.getTimeout().getSeconds()).isEqualTo(60);
    assertThat(asked.getRequestHeaderMap()).containsExactly(Map.entry("A", "b : c"));
    assertThat(asked.getFilteredQueryParamsList()).contains("X-Amz-Signature");
    assertThat(output).isEmptyFile();
  }

  @Test
  void pieceThatFailsItsChecksumIsNoFile() throws Exception {
    daemon.start(5, 0);
    daemon.piece(0, 0, "hello", TrafficType.REMOTE_PEER, "crc32:1");
    assertThat(dfget()).isEqualTo(1);
    assertThat(errors()).contains("piece 0", "checksum");
    assertThat(files()).containsExactly("s");
  }

  @Test
  void digestIsVerifiedHereToo() throws Exception {
    daemon.start(5, 0);
    daemon.piece(0, 0, "hello", TrafficType.REMOTE_PEER);
    assertThat(dfget("--digest", "crc32:1")).isEqualTo(1);
    assertThat(errors()).contains("--digest");
    assertThat(files()).containsExactly("s");
  }

  @Test
  void missingPieceIsNoFile() throws Exception {
    daemon.start(11, 0, 1);
    daemon.piece(0, 0, "hello\n", TrafficType.REMOTE_PEER);
    assertThat(dfget()).isEqualTo(1);
    assertThat(errors()).contains("6 of 11 bytes");
    assertThat(files()).containsExactly("s");
  }

  @Test
  void pieceOutsideOfTheContentIsRefused() throws Exception {
    daemon.start(5, 0);
    daemon.piece(0, 1L << 40, "hello", TrafficType.REMOTE_PEER);
    assertThat(dfget()).isEqualTo(1);
    assertThat(errors()).contains("out of bounds");
    assertThat(files()).containsExactly("s");
  }

  @Test
  void originsStatusIsReadFromTheDetails() {
    Metadata trailers = new Metadata();
    trailers.put(
        Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER),
        "{\"message\":\"x\",\"header\":{},\"status_code\":404}".getBytes(StandardCharsets.UTF_8));
    daemon.failure = Status.INTERNAL.withDescription("backend error").asRuntimeException(trailers);
    assertThat(dfget()).isEqualTo(1);
    assertThat(errors()).isEqualTo("dfget: backend error (the origin answered 404)\n");
  }
}
