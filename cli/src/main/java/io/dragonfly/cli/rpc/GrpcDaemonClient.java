package io.dragonfly.cli.rpc;

import com.google.protobuf.ByteString;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Piece;
import io.dragonfly.api.common.v2.Priority;
import io.dragonfly.api.common.v2.TaskType;
import io.dragonfly.api.common.v2.TrafficType;
import io.dragonfly.api.dfdaemon.v2.DfdaemonDownloadGrpc;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskRequest;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskResponse;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskStartedResponse;
import io.dragonfly.cli.download.ContentCheck;
import io.dragonfly.cli.download.DownloadFailure;
import io.dragonfly.cli.download.DownloadFailure.Reason;
import io.dragonfly.cli.download.DownloadSpec;
import io.dragonfly.cli.download.Outcome;
import io.dragonfly.cli.download.PartialFile;
import io.dragonfly.cli.download.ProgressListener;
import io.dragonfly.cli.download.Shares;
import io.dragonfly.common.digest.Digest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.netty.util.internal.logging.Slf4JLoggerFactory;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A download through {@code dfdaemon.v2.DfdaemonDownload/DownloadTask} on the daemon's unix socket.
 *
 * <p>The content comes inside the answers and we write the file, although upstream's daemon could
 * write it too: its way replaces the user's file before the content is verified, and loses it when
 * the download fails. Only a hard link must be made by the daemon; it is asked to make it under our
 * temporary name.
 */
public final class GrpcDaemonClient implements AutoCloseable {
  /**
   * Pieces are up to 64 MiB unless the user asks for longer ones; the rest of a message is small.
   */
  private static final long USUAL_PIECE = 64 << 20;

  private static final long MESSAGE_ROOM = 1 << 20;
  private static final int MOST_PIECES = 1 << 20;

  private final Path socket;
  private final EventLoopGroup group;
  private final ManagedChannel channel;

  public GrpcDaemonClient(Path socket, DownloadSpec spec) {
    silenceLoggers();
    this.socket = socket;
    this.group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    long largest = Math.max(USUAL_PIECE, spec.pieceLength().orElse(0)) + MESSAGE_ROOM;
    this.channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelFactory(NioDomainSocketChannel::new)
            .eventLoopGroup(group)
            .overrideAuthority("localhost")
            .usePlaintext()
            .directExecutor()
            .maxInboundMessageSize((int) Math.min(Integer.MAX_VALUE, largest))
            .build();
  }

  /**
   * Both libraries warn about things that are none of the user's business, on the user's terminal.
   */
  private static void silenceLoggers() {
    InternalLoggerFactory.setDefaultFactory(Slf4JLoggerFactory.INSTANCE);
    LogManager.getLogManager().reset();
    Logger.getLogger("").setLevel(Level.OFF);
  }

  /** Runs one download to its end. */
  public Outcome download(DownloadSpec spec, ProgressListener progress) throws DownloadFailure {
    try (PartialFile file = PartialFile.create(spec.output(), spec.overwrite())) {
      Outcome outcome;
      try {
        Iterator<DownloadTaskResponse> answers =
            DfdaemonDownloadGrpc.newBlockingStub(channel)
                .withDeadlineAfter(spec.timeout().toMillis(), TimeUnit.MILLISECONDS)
                .downloadTask(request(spec, file.path()));
        outcome = new Receiver(file.channel(), spec, progress).receive(answers);
      } catch (StatusRuntimeException e) {
        throw RpcFailures.of(e, socket);
      }
      if (spec.forceHardLink()) {
        verifyLinked(spec, file.path());
      } else if (spec.digest().isPresent()) {
        ContentCheck.verify(file.channel(), Digest.parse(spec.digest().get()));
      }
      file.commit();
      return outcome;
    } catch (FileAlreadyExistsException e) {
      throw new DownloadFailure(
          Reason.FAILED, spec.output() + " appeared meanwhile; pass --overwrite to replace it", e);
    } catch (IOException e) {
      throw new DownloadFailure(
          Reason.FAILED, "cannot write " + spec.output() + ": " + e.getMessage(), e);
    }
  }

  private static void verifyLinked(DownloadSpec spec, Path path)
      throws IOException, DownloadFailure {
    Optional<String> digest = spec.digest();
    if (digest.isPresent()) {
      // The daemon has put another file under the name that our channel was opened on.
      try (FileChannel linked = FileChannel.open(path)) {
        ContentCheck.verify(linked, Digest.parse(digest.get()));
      }
    }
  }

  private static DownloadTaskRequest request(DownloadSpec spec, Path temporary) {
    Download.Builder download =
        Download.newBuilder()
            .setUrl(spec.url())
            .setType(TaskType.STANDARD)
            .setTag(spec.tag().orElse(""))
            .setApplication(spec.application().orElse(""))
            .setPriority(Priority.forNumber(spec.priority()))
            .setDisableBackToSource(spec.disableBackToSource())
            .setTimeout(
                com.google.protobuf.Duration.newBuilder()
                    .setSeconds(spec.timeout().toSeconds())
                    .setNanos(spec.timeout().toNanosPart()))
            .setForceHardLink(spec.forceHardLink());
    spec.digest().ifPresent(download::setDigest);
    spec.pieceLength().ifPresent(download::setPieceLength);
    spec.contentForTaskId().ifPresent(download::setContentForCalculatingTaskId);
    List<String> filtered =
        spec.filteredQueryParams()
            .orElse(io.dragonfly.common.id.TaskIdentity.DEFAULT_FILTERED_QUERY_PARAMS);
    download.addAllFilteredQueryParams(filtered);
    for (String header : spec.headers()) {
      int colon = header.indexOf(':');
      download.putRequestHeader(
          header.substring(0, colon).strip(), header.substring(colon + 1).strip());
    }
    if (spec.forceHardLink()) {
      download.setOutputPath(temporary.toString()).setOverwrite(true);
    } else {
      download.setNeedPieceContent(true);
    }
    return DownloadTaskRequest.newBuilder().setDownload(download).build();
  }

  /** Ends the download, from any thread. */
  @Override
  public void close() {
    channel.shutdownNow();
    Future<?> _ = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  /** Puts the pieces of one answer stream into the file. */
  private static final class Receiver {
    private final FileChannel file;
    private final DownloadSpec spec;
    private final ProgressListener progress;
    private final BitSet announced = new BitSet();
    private final BitSet received = new BitSet();
    private @Nullable DownloadTaskStartedResponse started;
    private long bytes;
    private long cache;
    private long peers;
    private long origin;

    Receiver(FileChannel file, DownloadSpec spec, ProgressListener progress) {
      this.file = file;
      this.spec = spec;
      this.progress = progress;
    }

    Outcome receive(Iterator<DownloadTaskResponse> answers) throws IOException, DownloadFailure {
      while (answers.hasNext()) {
        DownloadTaskResponse answer = answers.next();
        switch (answer.getResponseCase()) {
          case DOWNLOAD_TASK_STARTED_RESPONSE -> start(answer.getDownloadTaskStartedResponse());
          case DOWNLOAD_PIECE_FINISHED_RESPONSE ->
              take(answer.getDownloadPieceFinishedResponse().getPiece());
          case RESPONSE_NOT_SET -> {
            // A newer daemon may say more than we know.
          }
        }
      }
      DownloadTaskStartedResponse start = started;
      if (start == null) {
        throw DownloadFailure.of("the daemon ended without having started the download");
      }
      announced.andNot(received);
      if (!announced.isEmpty() || bytes != start.getContentLength()) {
        throw DownloadFailure.of(
            "the daemon ended after " + bytes + " of " + start.getContentLength() + " bytes");
      }
      return new Outcome(bytes, new Shares(cache, peers, 0, origin));
    }

    private void start(DownloadTaskStartedResponse response) throws DownloadFailure {
      if (started != null || response.getContentLength() < 0) {
        throw DownloadFailure.of("the daemon started the download twice");
      }
      started = response;
      for (Piece piece : response.getPiecesList()) {
        announced.set(checked(piece.getNumber()));
      }
      progress.started(response.getContentLength());
    }

    private void take(Piece piece) throws IOException, DownloadFailure {
      DownloadTaskStartedResponse start = started;
      int number = checked(piece.getNumber());
      if (start == null) {
        throw DownloadFailure.of("the daemon sent a piece before it started the download");
      }
      if (received.get(number)) {
        return;
      }
      long length = start.getContentLength();
      if (piece.getLength() < 0
          || piece.getOffset() < 0
          || piece.getLength() > length - bytes
          || piece.getOffset() > length - piece.getLength()) {
        throw DownloadFailure.of("the daemon sent piece " + number + ", which is out of bounds");
      }
      if (!spec.forceHardLink()) {
        write(piece, number);
      }
      received.set(number);
      bytes += piece.getLength();
      count(piece);
      progress.progress(bytes);
    }

    private void write(Piece piece, int number) throws IOException, DownloadFailure {
      ByteString content = piece.getContent();
      if (content.size() != piece.getLength()) {
        throw DownloadFailure.of(
            "the daemon sent "
                + content.size()
                + " of "
                + piece.getLength()
                + " bytes of piece "
                + number);
      }
      if (piece.getDigest().startsWith("crc32:")) {
        checkPiece(content, piece.getDigest(), number);
      }
      long position = piece.getOffset();
      for (ByteBuffer buffer : content.asReadOnlyByteBufferList()) {
        while (buffer.hasRemaining()) {
          position += file.write(buffer, position);
        }
      }
    }

    private static void checkPiece(ByteString content, String digest, int number)
        throws DownloadFailure {
      Digest expected = Digest.parse(digest);
      Digest.Calculator calculator = expected.newCalculator();
      for (ByteBuffer buffer : content.asReadOnlyByteBufferList()) {
        calculator.update(buffer);
      }
      if (!calculator.result().equals(expected)) {
        throw DownloadFailure.of("piece " + number + " from the daemon fails its checksum");
      }
    }

    private void count(Piece piece) {
      if (!piece.hasTrafficType()) {
        return;
      }
      long length = piece.getLength();
      if (piece.getTrafficType() == TrafficType.BACK_TO_SOURCE) {
        origin += length;
      } else if (piece.getTrafficType() == TrafficType.REMOTE_PEER) {
        peers += length;
      } else if (piece.getTrafficType() == TrafficType.LOCAL_PEER) {
        cache += length;
      }
    }

    private static int checked(int number) throws DownloadFailure {
      if (number < 0 || number >= MOST_PIECES) {
        throw DownloadFailure.of(
            "the daemon sent piece number " + Integer.toUnsignedString(number));
      }
      return number;
    }
  }
}
