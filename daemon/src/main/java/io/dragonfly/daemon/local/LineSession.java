package io.dragonfly.daemon.local;

import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.url.PercentCoding;
import io.dragonfly.daemon.download.ByteCounts;
import io.dragonfly.daemon.download.Download;
import io.dragonfly.daemon.download.DownloadCount;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadListener.Started;
import io.dragonfly.daemon.download.DownloadSummary;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.output.Caller;
import io.dragonfly.daemon.output.DownloadFeed;
import io.dragonfly.daemon.output.FileDelivery;
import io.dragonfly.daemon.output.OutputException;
import io.dragonfly.daemon.output.OutputFile;
import io.dragonfly.daemon.output.OutputRights;
import io.dragonfly.daemon.output.OutputTarget;
import io.dragonfly.daemon.storage.PieceContent;
import io.dragonfly.daemon.storage.Pin;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One conversation in the line protocol, on one virtual thread; a second one reads, only to notice
 * that the client goes away. A client that takes nothing for too long is cut off by {@link
 * #closeIfStalled}, from outside.
 */
final class LineSession {
  private static final Logger logger = LoggerFactory.getLogger(LineSession.class);

  private static final long PROGRESS_GAP_NANOS = 100_000_000;
  private static final int MOST_DISCARDED = 16 << 20;
  private static final int SMALL_WRITE = 16 << 10;
  private static final long WRITE_CHUNK = 4L << 20;

  private final SocketChannel socket;
  private final Caller caller;
  private final LineDownloads downloads;
  private final OutputRights rights;
  private final DownloadFeed feed = DownloadFeed.byBlocks();
  private volatile boolean asked;
  private volatile @Nullable FileDelivery output;
  // Zero while nothing is expected of the client.
  private volatile long waitingSince;
  private long lastProgress = System.nanoTime() - PROGRESS_GAP_NANOS;

  // Keeps the version of the content that the client gets.
  private @Nullable Pin pin;
  // That version, if the client wants it over the socket.
  private @Nullable Started content;
  private final BitSet present = new BitSet();
  private int nextPiece;
  private long sent;

  LineSession(SocketChannel socket, Caller caller, LineDownloads downloads, OutputRights rights) {
    this.socket = socket;
    this.caller = caller;
    this.downloads = downloads;
    this.rights = rights;
  }

  /** Holds the conversation; the first byte of the request was read before. */
  void run(byte firstByte) throws IOException {
    LineRequest request;
    try {
      request = LineRequest.parse(read(firstByte));
      asked = true;
    } catch (MalformedRequestException e) {
      error("INVALID_ARGUMENT", OptionalInt.empty(), "The request is malformed: " + e.getMessage());
      discardRest();
      return;
    }
    switch (request.verb()) {
      case PING -> write("pong version=" + encoded(downloads.version()) + "\n");
      case DOWNLOAD -> download(request);
    }
  }

  private byte[] read(byte firstByte) throws IOException, MalformedRequestException {
    ByteBuffer buffer = ByteBuffer.allocate(LineRequest.LARGEST_REQUEST);
    buffer.put(firstByte);
    while (!LineRequest.isWhole(buffer.array(), buffer.position())) {
      if (!buffer.hasRemaining()) {
        throw new MalformedRequestException(
            "it has more than " + LineRequest.LARGEST_REQUEST + " bytes");
      }
      if (socket.read(buffer) < 0) {
        throw new MalformedRequestException("it ends before its empty line");
      }
    }
    return Arrays.copyOf(buffer.array(), buffer.position());
  }

  /**
   * A socket that is closed with something unread takes back what was not read at the other end.
   */
  private void discardRest() throws IOException {
    socket.shutdownOutput();
    waitingSince = System.nanoTime() | 1;
    ByteBuffer rest = ByteBuffer.allocate(LineRequest.LARGEST_REQUEST);
    for (int read = 0, all = 0; read >= 0 && all < MOST_DISCARDED; all += read) {
      read = socket.read(rest.clear());
    }
    waitingSince = 0;
  }

  private void download(LineRequest line) throws IOException {
    FileDelivery delivery = null;
    try {
      DownloadRequest request = downloads.request(line);
      if (line.output().isPresent()) {
        OutputTarget target =
            new OutputTarget(line.output().get(), line.overwrite(), line.forceHardLink());
        delivery = new FileDelivery(OutputFile.create(target, rights, caller));
        output = delivery;
      }
      Thread watcher = Thread.ofVirtual().name("line-watch").start(this::watch);
      try {
        follow(request, delivery);
      } finally {
        socket.close();
        watcher.join();
      }
    } catch (IllegalArgumentException e) {
      error(
          "INVALID_ARGUMENT",
          OptionalInt.empty(),
          "The download can't be understood: " + e.getMessage());
    } catch (OutputException e) {
      error(e.code().name(), OptionalInt.empty(), String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      releasePin();
      if (delivery != null) {
        delivery.close();
      }
    }
  }

  /** Reads until the client goes away; it has nothing more to say. */
  private void watch() {
    ByteBuffer nothing = ByteBuffer.allocate(1);
    try {
      if (socket.read(nothing) > 0) {
        logger.info("event=line_client_spoke_twice caller={}", caller);
      }
    } catch (IOException e) {
      // The same as an end.
    }
    leave();
  }

  private void leave() {
    feed.leave();
    FileDelivery delivery = output;
    if (delivery != null) {
      delivery.cancel();
    }
  }

  /** Cuts off a client that has not said what it wants. */
  void closeUnlessAsked() throws IOException {
    if (!asked) {
      logger.info("event=line_client_silent caller={}", caller);
      socket.close();
    }
  }

  private void follow(DownloadRequest request, @Nullable FileDelivery delivery)
      throws IOException, InterruptedException {
    DownloadCount counted = downloads.counted(request);
    boolean done = false;
    Download download = null;
    try {
      download = downloads.start(request, feed);
      while (!done) {
        done = answer(download, delivery, counted);
      }
    } catch (DownloadException e) {
      error(downloads.code(e), e.originStatus(), String.valueOf(e.getMessage()));
    } catch (OutputException e) {
      error(e.code().name(), OptionalInt.empty(), String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      logger.error("event=line_download_failed task={}", request.taskId().value(), e);
      error("INTERNAL", OptionalInt.empty(), "The daemon failed: see its log");
    } finally {
      if (download != null) {
        download.cancel();
      }
      if (!done) {
        counted.failed();
      }
    }
  }

  /** Answers one event; whether the download is done. */
  private boolean answer(Download download, @Nullable FileDelivery delivery, DownloadCount counted)
      throws IOException, InterruptedException, DownloadException, OutputException {
    switch (feed.next()) {
      case DownloadFeed.Event.Began began -> started(download, delivery, began.started());
      case DownloadFeed.Event.Piece piece -> arrived(download, delivery, piece.piece().number());
      case DownloadFeed.Event.Part part -> arrived(download, delivery, part.piece());
      case DownloadFeed.Event.Progress progress -> progress(progress.bytes());
      case DownloadFeed.Event.Failed failed -> throw failed.failure();
      case DownloadFeed.Event.Gone _ ->
          throw new IOException("the client went away before the download was done");
      case DownloadFeed.Event.Done done -> {
        if (delivery != null) {
          delivery.finish();
        }
        counted.finished(done.summary());
        done(done.summary());
        return true;
      }
    }
    return false;
  }

  private void arrived(Download download, @Nullable FileDelivery delivery, int piece)
      throws IOException {
    if (delivery != null) {
      delivery.add(piece);
    } else {
      present.set(piece);
      sendReady(download);
    }
  }

  private void started(Download download, @Nullable FileDelivery delivery, Started started)
      throws IOException, DownloadException, OutputException {
    if (sent > 0) {
      throw new DownloadException(
          DownloadException.Code.CONTENT_CHANGED,
          "The content changed at its origin while it was sent: ask again");
    }
    Optional<Pin> held = started.task().tryPin();
    if (held.isEmpty()) {
      feed.contentGone();
      return;
    }
    releasePin();
    pin = held.get();
    if (delivery != null) {
      delivery.begin(started.task(), started.wanted());
    } else {
      content = started;
      present.clear();
      nextPiece =
          started.wanted().map(wanted -> started.task().layout().firstPiece(wanted)).orElse(0);
      download.reading(nextPiece);
    }
    write(
        "started task="
            + encoded(download.taskId().value())
            + " peer="
            + encoded(download.peerId().value())
            + " host="
            + encoded(downloads.host())
            + " length="
            + started.wanted().map(ByteRange::length).orElse(0L)
            + " piece-length="
            + started.content().pieceLength()
            + "\n");
  }

  /** Sends the pieces that follow what was sent, as far as they are here. */
  private void sendReady(Download download) throws IOException {
    Started started = content;
    if (started == null || started.wanted().isEmpty()) {
      return;
    }
    ByteRange wanted = started.wanted().get();
    PieceLayout layout = started.task().layout();
    int last = layout.lastPiece(wanted);
    while (nextPiece <= last && present.get(nextPiece)) {
      sendPiece(started, layout, wanted);
      nextPiece++;
      if (nextPiece <= last) {
        download.reading(nextPiece);
      }
    }
  }

  private void sendPiece(Started started, PieceLayout layout, ByteRange wanted) throws IOException {
    long offset = layout.offset(nextPiece);
    long start = Math.max(offset, wanted.start());
    long end = Math.min(offset + layout.length(nextPiece), wanted.endExclusive());
    write("content offset=" + (start - wanted.start()) + " length=" + (end - start) + "\n");
    try (PieceContent view = started.task().viewForThisHost(nextPiece, start - offset)) {
      while (start < end) {
        waitingSince = System.nanoTime() | 1;
        long moved = view.transferTo(start - offset, Math.min(WRITE_CHUNK, end - start), socket);
        if (moved == 0) {
          // On a virtual thread a full socket makes this return at once; a plain write waits.
          moved = writeSome(view, start - offset, end - start);
        }
        waitingSince = 0;
        start += moved;
        sent += moved;
      }
    }
  }

  private int writeSome(PieceContent view, long offset, long most) throws IOException {
    ByteBuffer some = ByteBuffer.allocate((int) Math.min(SMALL_WRITE, most));
    if (view.read(offset, some) < 0) {
      throw new IOException("the piece is shorter than it was");
    }
    int length = some.flip().remaining();
    while (some.hasRemaining()) {
      socket.write(some);
    }
    return length;
  }

  private void progress(ByteCounts bytes) throws IOException {
    long now = System.nanoTime();
    if (now - lastProgress >= PROGRESS_GAP_NANOS) {
      lastProgress = now;
      write("progress bytes=" + bytes.total() + shares(bytes) + "\n");
    }
  }

  private void done(DownloadSummary summary) throws IOException {
    write(
        "done bytes="
            + summary.bytes().total()
            + " millis="
            + summary.duration().toMillis()
            + shares(summary.bytes())
            + "\n");
  }

  private static String shares(ByteCounts bytes) {
    return " cache="
        + bytes.cache()
        + " peers="
        + bytes.peers()
        + " seed="
        + bytes.seed()
        + " origin="
        + bytes.origin();
  }

  private void error(String code, OptionalInt status, String message) throws IOException {
    String origin = status.isPresent() ? " status=" + status.getAsInt() : "";
    write("error code=" + code + origin + " message=" + encoded(message) + "\n");
  }

  /** A value has no spaces: they end it. */
  private static String encoded(String value) {
    return PercentCoding.encode(value, "% ");
  }

  private void write(String line) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII));
    waitingSince = System.nanoTime() | 1;
    while (bytes.hasRemaining()) {
      socket.write(bytes);
    }
    waitingSince = 0;
  }

  private void releasePin() {
    if (pin != null) {
      pin.close();
      pin = null;
    }
  }

  /** Cuts the client off if it has been waited for for longer than this. */
  void closeIfStalled(long now, long patienceNanos) throws IOException {
    long since = waitingSince;
    if (since != 0 && now - since > patienceNanos) {
      logger.warn("event=line_client_stalled caller={}", caller);
      socket.close();
    }
  }

  /** Ends the conversation, from any thread. */
  void close() throws IOException {
    leave();
    socket.close();
  }
}
