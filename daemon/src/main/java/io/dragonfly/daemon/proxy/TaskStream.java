package io.dragonfly.daemon.proxy;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.download.ByteCounts;
import io.dragonfly.daemon.download.ByteSource;
import io.dragonfly.daemon.download.Download;
import io.dragonfly.daemon.download.DownloadCount;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.download.DownloadListener.Started;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.source.OriginRange;
import io.dragonfly.daemon.source.OriginRequest;
import io.dragonfly.daemon.source.OriginResponse;
import io.dragonfly.daemon.source.Sources;
import io.dragonfly.daemon.source.Validators;
import io.dragonfly.daemon.storage.PieceContent;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A part of a task on its way to a client. Where the download fails midway, the rest comes from the
 * origin, if that still has the same version.
 */
final class TaskStream implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TaskStream.class);
  private static final int CHUNK = 64 << 10;

  private final Sources sources;
  private final DownloadRequest request;
  private final DownloadCount counted;
  private final TaskReader reader;
  private final Exchange exchange;
  private final Cancellation.Registration leaving;
  private final Download download;
  private final Started started;
  private long fromOrigin;
  private boolean whole;

  /** Where what was sent begins in the content; -1 before. */
  private long sentFrom = -1;

  /** What had been sent of the answer by then, in bytes. */
  private long sentBefore;

  /** The same at its end; -1 while it is sent. */
  private long sentUpTo = -1;

  private TaskStream(
      TaskDownloads downloads, Sources sources, DownloadRequest request, Exchange exchange)
      throws DownloadException, IOException {
    this.sources = sources;
    this.request = request;
    this.exchange = exchange;
    reader = new TaskReader(exchange.patience());
    counted = downloads.counted(request);
    leaving = exchange.gone().onCancel(reader::leave);
    boolean open = false;
    try {
      download = downloads.start(request, reader);
      try {
        started = reader.awaitStarted();
        open = true;
      } finally {
        if (!open) {
          download.cancel();
        }
      }
    } finally {
      if (!open) {
        leaving.close();
        reader.close();
        counted.failed();
      }
    }
  }

  /**
   * Begins the download; returns when the content is known.
   *
   * @throws DownloadException when that fails
   * @throws IOException when the client goes away meanwhile
   */
  static TaskStream open(
      TaskDownloads downloads, Sources sources, DownloadRequest request, Exchange exchange)
      throws DownloadException, IOException {
    return new TaskStream(downloads, sources, request, exchange);
  }

  Started started() {
    return started;
  }

  String taskId() {
    return request.taskId().value();
  }

  /** Bytes of these parts that were on this host already; the first of them is this stream's. */
  long cached(List<ByteRange> parts) {
    return started.cached() + parts.stream().skip(1).mapToLong(this::held).sum();
  }

  /** Bytes of a part that are on this host. */
  long held(ByteRange part) {
    PieceLayout layout = started.task().layout();
    BitSet pieces = started.task().pieces();
    long held = 0;
    for (int piece = layout.firstPiece(part); piece <= layout.lastPiece(part); piece++) {
      long begin = Math.max(part.start(), layout.offset(piece));
      long end = Math.min(part.endExclusive(), layout.offset(piece) + layout.length(piece));
      held += pieces.get(piece) ? end - begin : 0;
    }
    return held;
  }

  /** The content has no bytes. */
  void nothingToSend() {
    whole = true;
  }

  /** Bytes that were sent so far, by where they came from; all that arrived when all was sent. */
  ByteCounts bytes() {
    if (whole && fromOrigin == 0) {
      return reader.bytes();
    }
    if (sentFrom < 0) {
      return ByteCounts.NONE;
    }
    long sent = (sentUpTo < 0 ? exchange.sent() : sentUpTo) - sentBefore - fromOrigin;
    return reader.sources(sentFrom, sentFrom + sent).plus(ByteSource.ORIGIN, fromOrigin);
  }

  /** The first bytes of a range; waits for them. */
  ByteBuf first(ByteRange range) throws DownloadException, IOException {
    return chunk(range.start(), range);
  }

  /** Sends a range whose first bytes were read already. */
  void send(ByteRange range, ByteBuf first) throws DownloadException, IOException {
    sentFrom = range.start();
    sentBefore = exchange.sent();
    sentUpTo = -1;
    try {
      send(range, range.start(), first);
    } finally {
      sentUpTo = exchange.sent(); // What else goes out afterwards is not of this range.
    }
  }

  private void send(ByteRange range, long from, ByteBuf first)
      throws DownloadException, IOException {
    long position = from;
    ByteBuf next = first;
    while (true) {
      boolean last = position + next.readableBytes() == range.endExclusive();
      if (last && request.digest().isPresent()) {
        awaitDigest(next);
      }
      position += next.readableBytes();
      exchange.write(next);
      if (last) {
        whole = true;
        return;
      }
      position = sendWholePieces(position, range.endExclusive());
      try {
        next = chunk(position, range);
      } catch (ClientGoneException e) {
        throw e;
      } catch (DownloadException | IOException e) {
        sendFromOrigin(position, range, e);
        return;
      }
    }
  }

  /** Sends a range. */
  void send(ByteRange range) throws DownloadException, IOException {
    send(range, first(range));
  }

  /**
   * Sends what lies in pieces that are all there inside the kernel, but for the last bytes of the
   * range.
   *
   * @return the position up to which all is sent
   */
  private long sendWholePieces(long from, long end) throws IOException {
    PieceLayout layout = started.task().layout();
    long position = from;
    while (exchange.takesFiles() && position < end - CHUNK) {
      Optional<PieceContent> piece = reader.whole(download, position);
      if (piece.isEmpty()) {
        break;
      }
      long offset = position - layout.offset(layout.pieceAt(position));
      long count = Math.min(piece.get().length() - offset, end - CHUNK - position);
      position += exchange.write(piece.get(), offset, count);
    }
    return position;
  }

  /** Until the digest is known to be right the client does not get the end. */
  private void awaitDigest(ByteBuf last) throws DownloadException, IOException {
    boolean right = false;
    try {
      var _ = reader.awaitFinished();
      right = true;
    } catch (DownloadException e) {
      if (e.code() == Code.DIGEST_MISMATCH || e.code() == Code.CONTENT_CHANGED) {
        throw e;
      }
      log.debug("event=proxy_digest_unknown task={} why={}", request.taskId().value(), e.code());
      right = true; // The bytes are the origin's or match their roots; the client looks itself.
    } finally {
      if (!right) {
        last.release();
      }
    }
  }

  private ByteBuf chunk(long position, ByteRange range) throws DownloadException, IOException {
    int most = (int) Math.min(CHUNK, range.endExclusive() - position);
    ByteBuf chunk = exchange.channel().alloc().directBuffer(most, most);
    boolean filled = false;
    try {
      ByteBuffer target = chunk.nioBuffer(0, most);
      int count = reader.read(download, position, target);
      chunk.writerIndex(count);
      filled = true;
      return chunk;
    } finally {
      if (!filled) {
        chunk.release();
      }
    }
  }

  private void sendFromOrigin(long from, ByteRange range, Exception why)
      throws DownloadException, IOException {
    if (request.disableBackToSource() || !mayBeReplaced(why)) {
      if (why instanceof DownloadException failed) {
        throw failed;
      }
      throw new IOException(why);
    }
    log.warn(
        "event=proxy_goes_on_from_origin task={} position={} reason=\"{}\"",
        request.taskId().value(),
        from,
        why.getMessage());
    OriginRequest ask =
        OriginRequest.of(request.url())
            .withHeaders(request.requestHeaders())
            .withRange(OriginRange.between(from, range.endExclusive()))
            .withExpected(Validators.of(started.content().headers(), started.content().length()))
            .withCancellation(exchange.gone());
    try (OriginResponse rest = sources.open(ask)) {
      long position = rest.start();
      while (position < range.endExclusive()) {
        position = pass(rest, position, from, range.endExclusive());
      }
    }
    whole = true;
  }

  /** Sends what came of the rest; what lies before it is skipped. */
  private long pass(OriginResponse rest, long position, long from, long end) throws IOException {
    ByteBuf chunk = exchange.channel().alloc().directBuffer(CHUNK, CHUNK);
    boolean sent = false;
    try {
      long most = position < from ? from - position : end - position;
      ByteBuffer target = chunk.nioBuffer(0, (int) Math.min(CHUNK, most));
      int count = rest.read(target);
      if (count < 0) {
        throw new IOException("the origin's answer ends at byte " + position);
      }
      if (position >= from) {
        chunk.writerIndex(count);
        sent = true;
        exchange.write(chunk);
        fromOrigin += count;
      }
      return position + count;
    } finally {
      if (!sent) {
        chunk.release();
      }
    }
  }

  /** What is wrong with the content itself does not get right by reading on elsewhere. */
  private static boolean mayBeReplaced(Exception why) {
    return !(why instanceof DownloadException failed)
        || switch (failed.code()) {
          case DIGEST_MISMATCH, CONTENT_CHANGED, FORBIDDEN, CANCELLED -> false;
          case INVALID_REQUEST,
              RANGE_NOT_SATISFIABLE,
              ORIGIN_REFUSED,
              ORIGIN_UNAVAILABLE,
              NO_SOURCE,
              NO_SPACE,
              STORAGE_FAILED,
              TIMED_OUT,
              DELETED,
              TOO_MANY_DOWNLOADS,
              SHUTTING_DOWN,
              INTERNAL ->
              true;
        };
  }

  /** The last bytes may have left before their piece was stored: that is waited for. */
  void settle() {
    if (!whole) {
      return;
    }
    reader.clientServed();
    try {
      var _ = reader.awaitFinished();
    } catch (DownloadException | IOException e) {
      log.debug("event=proxy_task_not_kept task={}", request.taskId().value(), e);
    }
  }

  @Override
  public void close() {
    leaving.close();
    settle();
    download.cancel();
    reader.close();
    var summary = reader.summary();
    if (whole && summary.isPresent()) {
      counted.finished(summary.get());
    } else {
      counted.failed();
    }
  }
}
