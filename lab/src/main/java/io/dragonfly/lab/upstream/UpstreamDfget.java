package io.dragonfly.lab.upstream;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Piece;
import io.dragonfly.api.dfdaemon.v2.DfdaemonDownloadGrpc;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A stand-in for upstream's dfget: one gRPC call on the daemon's unix socket, with its --timeout as
 * the deadline. It insists on a Started answer and on every piece that Started named.
 */
public final class UpstreamDfget {
  private UpstreamDfget() {}

  /**
   * Lets the daemon write the output.
   *
   * @throws IOException when the daemon answers less than upstream's dfget needs
   * @throws io.grpc.StatusRuntimeException when the daemon refuses
   */
  public static void download(Path socket, Download download) throws IOException {
    download(socket, download, _ -> {});
  }

  /** As {@link #download(Path, Download)}; {@code finished} is told of each piece as it is said. */
  public static void download(Path socket, Download download, Consumer<Piece> finished)
      throws IOException {
    run(socket, download, null, finished);
  }

  /** Takes the bytes over the socket and writes the output itself (--transfer-from-dfdaemon). */
  public static void transfer(Path socket, Download download, Path output) throws IOException {
    try (FileChannel file =
        FileChannel.open(
            output,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      run(socket, download.toBuilder().setNeedPieceContent(true).build(), file, _ -> {});
    }
  }

  private static void run(
      Path socket, Download download, @Nullable FileChannel file, Consumer<Piece> finished)
      throws IOException {
    MultiThreadIoEventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .eventLoopGroup(loop)
            .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
            .maxInboundMessageSize(Integer.MAX_VALUE)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
    try {
      Iterator<DownloadTaskResponse> answers =
          DfdaemonDownloadGrpc.newBlockingStub(channel)
              .withDeadlineAfter(2, TimeUnit.HOURS)
              .downloadTask(DownloadTaskRequest.newBuilder().setDownload(download).build());
      follow(answers, file, finished);
    } finally {
      channel.shutdownNow();
      loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }
  }

  private static void follow(
      Iterator<DownloadTaskResponse> answers, @Nullable FileChannel file, Consumer<Piece> finished)
      throws IOException {
    @Nullable Set<Integer> expected = null;
    Set<Integer> received = new HashSet<>();
    while (answers.hasNext()) {
      DownloadTaskResponse answer = answers.next();
      if (answer.hasDownloadTaskStartedResponse()) {
        expected = new HashSet<>();
        for (Piece piece : answer.getDownloadTaskStartedResponse().getPiecesList()) {
          expected.add(piece.getNumber());
        }
      } else if (answer.hasDownloadPieceFinishedResponse()) {
        Piece piece = answer.getDownloadPieceFinishedResponse().getPiece();
        received.add(piece.getNumber());
        finished.accept(piece);
        if (file != null) {
          if (piece.getContent().size() != piece.getLength()) {
            throw new IOException("piece " + piece.getNumber() + " without its content");
          }
          ByteBuffer bytes = piece.getContent().asReadOnlyByteBuffer();
          file.write(bytes, piece.getOffset());
        }
      }
    }
    if (expected == null) {
      throw new IOException("no Started answer");
    }
    if (!received.containsAll(expected)) {
      throw new IOException("download incomplete: " + received + " of " + expected);
    }
  }
}
