package io.dragonfly.daemon.transfer;

import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.storage.MissingPieceException;
import io.dragonfly.daemon.storage.PieceContent;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.PieceView;
import io.dragonfly.daemon.storage.StoredTask;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a server sends for one request: a head, and behind it content of a piece. Owned by whoever
 * owns its connection.
 */
final class PieceAnswer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PieceAnswer.class);

  private final ByteBuffer head;
  private final @Nullable PieceContent view;
  private final @Nullable StoredTask task;
  private final boolean last;
  private final int number;
  private long offset;
  private long remaining;
  private boolean closed;

  private PieceAnswer(
      ByteBuffer head,
      @Nullable PieceContent view,
      @Nullable StoredTask task,
      int number,
      long offset,
      long count,
      boolean last) {
    this.head = head;
    this.number = number;
    this.view = view;
    this.task = task;
    this.offset = offset;
    this.remaining = count;
    this.last = last;
    if (task != null) {
      task.uploadStarted(number);
    }
  }

  /** Looks the piece up; reads it first when an unclean stop left it in doubt. */
  static PieceAnswer to(PieceProtocol.Request request, PieceStore store) {
    return switch (request) {
      case PieceProtocol.Request.Piece piece -> guarded(piece.id(), () -> wholePiece(piece, store));
      case PieceProtocol.Request.Blocks blocks ->
          guarded(blocks.id(), () -> someBlocks(blocks, store));
      case PieceProtocol.Request.Malformed malformed ->
          refusal(malformed.id(), PieceProtocol.CODE_INVALID_ARGUMENT, malformed.message());
      case PieceProtocol.Request.Close _ ->
          new PieceAnswer(ByteBuffer.allocate(0), null, null, 0, 0, 0, /* last= */ true);
    };
  }

  /** An error behind which the connection ends. */
  static PieceAnswer refusal(int id, int code, String message) {
    ByteBuffer head = PieceProtocol.encodeError(id, code, message);
    return new PieceAnswer(head, null, null, 0, 0, 0, /* last= */ true);
  }

  private interface Preparation {
    PieceAnswer prepare() throws IOException;
  }

  private static PieceAnswer guarded(int id, Preparation preparation) {
    try {
      return preparation.prepare();
    } catch (MissingPieceException e) {
      return error(id, PieceProtocol.CODE_NOT_FOUND, e.getMessage());
    } catch (IOException | RuntimeException e) {
      log.warn("a piece can't be served cause={}", e.toString());
      return error(id, PieceProtocol.CODE_INTERNAL, "the piece can't be read");
    }
  }

  private static PieceAnswer wholePiece(PieceProtocol.Request.Piece request, PieceStore store)
      throws IOException {
    Optional<StoredTask> task = store.find(request.task());
    if (task.isEmpty()) {
      return notFound(request.id(), "there is no task " + request.task());
    }
    PieceView view = task.get().view(request.number());
    ByteBuffer head = PieceProtocol.encodePiece(request.id(), request.task().kind(), view.piece());
    return new PieceAnswer(
        head, view, task.get(), request.number(), 0, view.length(), /* last= */ false);
  }

  private static PieceAnswer someBlocks(PieceProtocol.Request.Blocks request, PieceStore store)
      throws IOException {
    Optional<StoredTask> found = store.find(request.task());
    if (found.isEmpty()) {
      return notFound(request.id(), "there is no task " + request.task());
    }
    StoredTask task = found.get();
    if (PieceProtocol.versionNumber(task.content().version()) != request.version()) {
      return notFound(request.id(), "task " + request.task() + " has another version");
    }
    PieceContent view = task.viewOrRelay(request.number());
    try {
      PieceLayout layout = task.layout();
      int end = request.first() + request.count();
      if (end > layout.blockCount(request.number())) {
        view.close();
        String message = "the piece has only " + layout.blockCount(request.number()) + " blocks";
        return error(request.id(), PieceProtocol.CODE_INVALID_ARGUMENT, message);
      }
      long from = layout.blockOffset(request.number(), request.first());
      long count = Math.min(end * layout.blockLength(), view.length()) - from;
      PieceProtocol.Answer.Blocks answer =
          new PieceProtocol.Answer.Blocks(
              request.number(),
              request.first(),
              request.count(),
              count,
              request.hashes() ? view.hashes() : Optional.empty());
      ByteBuffer head = PieceProtocol.encodeBlocks(request.id(), answer);
      return new PieceAnswer(head, view, task, request.number(), from, count, /* last= */ false);
    } catch (IOException | RuntimeException e) {
      view.close();
      throw e;
    }
  }

  private static PieceAnswer notFound(int id, String message) {
    return error(id, PieceProtocol.CODE_NOT_FOUND, message);
  }

  private static PieceAnswer error(int id, int code, @Nullable String message) {
    ByteBuffer head = PieceProtocol.encodeError(id, code, String.valueOf(message));
    return new PieceAnswer(head, null, null, 0, 0, 0, /* last= */ false);
  }

  ByteBuffer head() {
    return head;
  }

  /** Whose share of the rate limit it takes: its task's. */
  Object payer() {
    return task == null ? this : task.key();
  }

  /** Whether there is content; an error has none. */
  boolean hasContent() {
    return view != null;
  }

  boolean isSent() {
    return !head.hasRemaining() && remaining == 0;
  }

  /** Whether the connection ends behind this answer. */
  boolean isLast() {
    return last;
  }

  long remaining() {
    return remaining;
  }

  /**
   * How much of the rest may be sent now.
   *
   * @throws IOException when the rest will never come
   */
  long ready() throws IOException {
    if (view == null) {
      return remaining;
    }
    boolean broken = view.isBroken();
    long ready = Math.min(remaining, view.available(offset));
    if (ready <= 0 && broken) {
      throw new IOException("the piece stopped coming in");
    }
    return Math.max(0, ready);
  }

  /** Runs once when there is more than was {@link #ready}, or the rest will never come. */
  void whenReady(Runnable wake) {
    if (view == null) {
      wake.run();
    } else {
      view.whenAvailable(offset, wake);
    }
  }

  /** Sends content, at most {@code limit} bytes; 0 when the socket is full. */
  long send(ContentSender sender, SocketChannel target, ByteBuffer buffer, long limit)
      throws IOException {
    if (view == null) {
      return 0;
    }
    long sent = sender.send(view, offset, Math.min(limit, remaining), target, buffer);
    offset += sent;
    remaining -= sent;
    return sent;
  }

  /**
   * Reads content that is {@link #ready} into the buffer, from its start, and counts it as sent.
   */
  void read(ByteBuffer buffer, int most) throws IOException {
    if (view == null) {
      return;
    }
    buffer.clear().limit((int) Math.min(most, ready()));
    int count = view.read(offset, buffer);
    if (count <= 0) {
      throw new IOException("the piece ended early");
    }
    offset += count;
    remaining -= count;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (task != null) {
      task.uploadEnded(number, isSent());
    }
    if (view != null) {
      view.close();
    }
  }
}
