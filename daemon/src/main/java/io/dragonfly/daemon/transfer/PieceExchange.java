package io.dragonfly.daemon.transfer;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.limit.Pace;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.daemon.storage.CorruptPieceException;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TrafficType;
import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Requests for what an editor misses of a piece, and their answers, from the child's side: asks,
 * holds each answer against what was asked, and moves the content into the editor. Belongs to the
 * fetching thread.
 */
final class PieceExchange {
  /**
   * Fewer bytes than this are gathered before they are written, but for the first block: a reader
   * or a child may wait for it.
   */
  private static final int WRITE_BYTES = 256 * 1024;

  private final Fetch fetch;
  private final ParentAddress parent;
  private final StoredTask task;
  private final PieceEditor editor;
  private final PieceLayout layout;
  private final BlockSet wanted;
  private final Optional<PieceRoot> root;
  private final BufferPool buffers;
  private final Pace pace;
  private final LongConsumer bytesReceived;

  /** The head of the answer, and what content came with it. */
  private final ByteBuffer head = ByteBuffer.allocate(PieceProtocol.MAX_ANSWER_BYTES);

  private Optional<Digest> crc32 = Optional.empty();

  /** Bytes that may be read before the pace is asked again. */
  private int allowance;

  /** The blocks that were asked for. */
  private int first;

  private int end;

  private boolean answered;
  private boolean endedCleanly;

  PieceExchange(
      Fetch fetch,
      ParentAddress parent,
      StoredTask task,
      PieceEditor editor,
      BlockSet wanted,
      Optional<PieceRoot> root,
      BufferPool buffers,
      Pace pace,
      LongConsumer bytesReceived) {
    this.fetch = fetch;
    this.parent = parent;
    this.task = task;
    this.editor = editor;
    this.layout = task.layout();
    this.wanted = wanted;
    this.root = root;
    this.buffers = buffers;
    this.pace = pace;
    this.bytesReceived = bytesReceived;
  }

  /** False when all that is wanted is there. */
  boolean needsBytes() {
    return !missing().isEmpty();
  }

  private BlockSet missing() {
    return editor.missingBlocks().and(wanted);
  }

  /** Whether the piece has to be compared with its root or checksum, and become visible. */
  boolean isWhole() {
    return editor.missingBlocks().isEmpty();
  }

  /** Whether any byte of the answer came. */
  boolean hasAnswer() {
    return answered;
  }

  /** Whether the parent refused in a way that leaves the connection usable. */
  boolean endedCleanly() {
    return endedCleanly;
  }

  /**
   * Asks once, and takes the answer: the piece, or the next blocks in a row that are missing.
   *
   * @return whether the connection can be used for another one
   * @throws TransferException when the fault isn't the connection's
   */
  boolean run(ByteChannel channel) throws IOException {
    fetch.enter(Fetch.Phase.FIRST_BYTE);
    answered = false;
    head.clear();
    boolean blocks = asksForBlocks();
    if (!blocks && !PieceProtocol.fitsUpstream(task.key().id())) {
      throw failure(
          Reason.MISSING, "upstream's protocol has no way to ask for an id of this length", null);
    }
    boolean wantsHashes = wantsHashes();
    send(channel, blocks ? blocksRequest(wantsHashes) : pieceRequest());
    try {
      int tag = blocks ? PieceProtocol.TAG_BLOCKS_CONTENT : 2 * task.key().kind().code() + 1;
      PieceProtocol.Answer answer = readAnswer(channel, tag);
      switch (answer) {
        case PieceProtocol.Answer.Piece piece -> {
          checkPiece(piece);
          readContent(channel, 0, editor.length());
        }
        case PieceProtocol.Answer.Blocks some -> {
          checkBlocks(some, wantsHashes);
          long from = layout.blockOffset(editor.number(), first);
          editor.moveTo(first);
          readContent(channel, from, from + some.length());
        }
        case PieceProtocol.Answer.Failure refusal -> throw refused(refusal);
      }
      return !head.hasRemaining();
    } catch (PieceProtocol.ProtocolException e) {
      throw failure(Reason.CORRUPT, String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure(Reason.CANCELLED, "interrupted", e);
    }
  }

  StoredPiece commit(TrafficType trafficType, String parentPeerId, Duration cost)
      throws TransferException {
    try {
      return editor.commit(root, crc32, trafficType, parentPeerId, cost);
    } catch (CorruptPieceException e) {
      throw failure(Reason.CORRUPT, String.valueOf(e.getMessage()), e);
    } catch (ClosedByInterruptException e) {
      throw failure(Reason.CANCELLED, "interrupted", e);
    } catch (IOException e) {
      throw failure(Reason.LOCAL_IO, String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Without root and hashes a whole piece is better: its CRC32 comes with it, which blocks have
   * not.
   */
  private boolean asksForBlocks() {
    return parent.extension()
        && (root.isPresent()
            || editor.hashes().isPresent()
            || !PieceProtocol.fitsUpstream(task.key().id()));
  }

  /** The list is needed unless an earlier parent's is there (and belongs to the same root). */
  private boolean wantsHashes() {
    Optional<BlockHashes> known = editor.hashes();
    return known.isEmpty() || (root.isPresent() && !known.get().root().equals(root.get()));
  }

  private ByteBuffer pieceRequest() {
    return PieceProtocol.encode(
        new PieceProtocol.Request.Piece(frameId(), task.key(), editor.number()));
  }

  private ByteBuffer blocksRequest(boolean wantsHashes) {
    BlockSet missing = missing();
    first = missing.first();
    end = missing.endOfRun(first);
    return PieceProtocol.encode(
        new PieceProtocol.Request.Blocks(
            frameId(),
            task.key(),
            PieceProtocol.versionNumber(task.content().version()),
            editor.number(),
            first,
            end - first,
            wantsHashes));
  }

  /** Any number will do: one request is under way at a time. */
  private static int frameId() {
    return ThreadLocalRandom.current().nextInt(256);
  }

  private static void send(ByteChannel channel, ByteBuffer request) throws IOException {
    if (channel instanceof QuicStream stream) {
      stream.writeLast(request); // A stream carries one request.
    }
    while (request.hasRemaining()) {
      channel.write(request);
    }
  }

  private PieceProtocol.Answer readAnswer(ByteChannel channel, int tag)
      throws IOException, PieceProtocol.ProtocolException {
    readHead(channel, PieceProtocol.HEADER_BYTES);
    head.flip();
    int bytes = PieceProtocol.answerBytes(head, tag);
    head.compact();
    readHead(channel, bytes);
    head.flip();
    return PieceProtocol.decodeAnswer(head, bytes);
  }

  private void readHead(ByteChannel channel, int bytes) throws IOException {
    while (head.position() < bytes) {
      if (channel.read(head) < 0) {
        throw new EOFException("it closed the connection before its answer");
      }
      answered = true;
      fetch.enter(Fetch.Phase.CONTENT);
    }
  }

  private void checkPiece(PieceProtocol.Answer.Piece answer)
      throws PieceProtocol.ProtocolException {
    int number = editor.number();
    if (answer.number() != number
        || answer.offset() != layout.offset(number)
        || answer.length() != layout.length(number)) {
      throw new PieceProtocol.ProtocolException(
          "it answered with piece "
              + Integer.toUnsignedString(answer.number())
              + " at "
              + Long.toUnsignedString(answer.offset())
              + " of "
              + Long.toUnsignedString(answer.length())
              + " bytes");
    }
    crc32 = answer.crc32();
    editor.startOver(root.isPresent());
  }

  private void checkBlocks(PieceProtocol.Answer.Blocks answer, boolean wantsHashes)
      throws PieceProtocol.ProtocolException {
    long length = layout.bytes(editor.number(), BlockSet.between(first, end));
    if (answer.number() != editor.number()
        || answer.first() != first
        || answer.count() != end - first
        || answer.length() != length) {
      throw new PieceProtocol.ProtocolException(
          "it answered with "
              + answer.count()
              + " blocks from "
              + answer.first()
              + " of piece "
              + Integer.toUnsignedString(answer.number())
              + ", "
              + Long.toUnsignedString(answer.length())
              + " bytes");
    }
    if (wantsHashes && answer.hashes().isPresent()) {
      expect(answer.hashes().get());
    }
    boolean provable = root.isPresent() && editor.hashes().map(BlockHashes::root).equals(root);
    if (isPart()) {
      if (!provable) {
        throw new PieceProtocol.ProtocolException("it sent a part of a piece without its hashes");
      }
      editor.lend(); // Others would take the piece to come in whole.
    } else if (provable) {
      editor.share();
    }
  }

  private boolean isPart() {
    return !wanted.hasAll(layout.blocks(editor.number()));
  }

  private void expect(BlockHashes hashes) throws PieceProtocol.ProtocolException {
    if (root.isPresent() && !hashes.root().equals(root.get())) {
      throw new PieceProtocol.ProtocolException(
          "its block hashes don't belong to the piece's root");
    }
    if (hashes.count() != layout.blockCount(editor.number())) {
      throw new PieceProtocol.ProtocolException("it sent " + hashes.count() + " block hashes");
    }
    editor.expect(hashes);
  }

  private TransferException refused(PieceProtocol.Answer.Failure refusal) {
    endedCleanly = !head.hasRemaining() && refusal.code() == PieceProtocol.CODE_NOT_FOUND;
    Reason reason =
        switch (refusal.code()) {
          case PieceProtocol.CODE_NOT_FOUND, PieceProtocol.CODE_INVALID_ARGUMENT -> Reason.MISSING;
          default -> Reason.UNREACHABLE;
        };
    return failure(
        reason, "it says (code " + refusal.code() + ") '" + refusal.message() + "'", null);
  }

  /** Reads the bytes from here to there in the piece; some may be in the editor already. */
  private void readContent(ByteChannel channel, long from, long to)
      throws IOException, InterruptedException {
    long remaining = to - from;
    int few = (int) Math.min(layout.blockLength() - from % layout.blockLength(), WRITE_BYTES);
    ByteBuffer buffer = takeBuffer();
    try {
      while (remaining > 0) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), remaining));
        IOException broken = null;
        try {
          fill(channel, buffer, few, remaining);
        } catch (IOException e) {
          broken = e; // What came before may complete a block.
        }
        few = WRITE_BYTES;
        buffer.flip();
        long at = to - remaining;
        remaining -= buffer.remaining();
        writeMissing(buffer, at);
        if (broken != null) {
          throw broken;
        }
      }
    } finally {
      buffers.giveBack(buffer);
    }
  }

  /** Reads some bytes: not fewer than so many, but for the last. */
  private void fill(ByteChannel channel, ByteBuffer buffer, int few, long remaining)
      throws IOException, InterruptedException {
    int end = buffer.limit();
    int enough = Math.min(end, few);
    while (buffer.position() < enough) {
      int before = buffer.position();
      buffer.limit(before + allowed(end - before));
      if (head.hasRemaining()) {
        int part = Math.min(head.remaining(), buffer.remaining());
        buffer.put(head.slice(head.position(), part));
        head.position(head.position() + part);
      } else if (channel.read(buffer) < 0) {
        throw new EOFException(
            "it closed the connection "
                + (remaining - buffer.position())
                + " bytes before the content's end");
      }
      count(buffer.position() - before);
    }
  }

  /** Waits until bytes may be read; returns how many. */
  private int allowed(int most) throws TransferException, InterruptedException {
    if (allowance == 0) {
      allowance = pace.grain(most);
      long wait = pace.reserve(allowance);
      if (wait > 0) {
        fetch.pause(wait);
      }
    }
    return Math.min(allowance, most);
  }

  private void count(int bytes) {
    allowance -= bytes;
    fetch.received(bytes);
    bytesReceived.accept(bytes);
  }

  /** Writes what the editor misses of bytes that begin at a place in the piece. */
  private void writeMissing(ByteBuffer bytes, long begin) throws TransferException {
    long at = begin;
    while (bytes.hasRemaining()) {
      long known = editor.missing() == 0 ? bytes.remaining() : editor.position() - at;
      int count = (int) Math.min(bytes.remaining(), known > 0 ? known : editor.missing());
      if (known <= 0) {
        write(bytes.slice(bytes.position(), count));
      }
      bytes.position(bytes.position() + count);
      at += count;
    }
  }

  private void write(ByteBuffer bytes) throws TransferException {
    try {
      fetch.storing(() -> editor.write(bytes));
    } catch (CorruptPieceException e) {
      throw failure(Reason.CORRUPT, String.valueOf(e.getMessage()), e);
    } catch (ClosedByInterruptException e) {
      throw failure(Reason.CANCELLED, "interrupted", e);
    } catch (IOException e) {
      throw failure(Reason.LOCAL_IO, String.valueOf(e.getMessage()), e);
    }
  }

  private ByteBuffer takeBuffer() throws TransferException, InterruptedException {
    Fetch.Phase before = Fetch.Phase.CONTENT;
    fetch.enter(Fetch.Phase.PAUSED); // The parent isn't to blame for our lack of buffers.
    while (true) {
      ByteBuffer buffer = buffers.take(100, TimeUnit.MILLISECONDS);
      if (buffer != null) {
        fetch.enter(before);
        return buffer;
      }
      fetch.throwIfEnded();
    }
  }

  private TransferException failure(Reason reason, String message, @Nullable Throwable cause) {
    return new TransferException(reason, fetch.what() + ": " + message, cause);
  }
}
