package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Writes content of unknown length. The pieces are hashed and recorded as they fill, with the piece
 * length that is given or else most likely; the journal counts them only when the length follows.
 */
final class FileStreamEditor implements StreamEditor {
  private static final int BUFFER_BYTES = 256 * 1024;

  private final StoredTask task;
  private final SharedFile file;
  private final Pin pin;
  private final long pieceLength;
  private final long blockLength;

  private BlockHasher hasher;
  private int number;
  private long length;
  private boolean completed;
  private boolean closed;

  FileStreamEditor(StoredTask task, SharedFile file, Pin pin, long pieceLength) {
    this.task = task;
    this.file = file;
    this.pin = pin;
    this.pieceLength = pieceLength;
    this.blockLength = new PieceLayout(pieceLength, pieceLength).blockLength();
    this.hasher = BlockHasher.withSha256(pieceLength, blockLength);
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public void append(ByteBuffer source) throws IOException {
    requireOpen();
    while (source.hasRemaining()) {
      if (hasher.position() == 0) {
        if (number == PieceLayout.MAX_PIECES) {
          throw new IOException(
              "content of task " + task.key() + " has more than " + length + " bytes");
        }
        task.reserve(pieceLength);
      }
      int count = (int) Math.min(source.remaining(), pieceLength - hasher.position());
      ByteBuffer part = source.slice(source.position(), count);
      file.write(part.duplicate(), length);
      hash(part);
      source.position(source.position() + count);
      length += count;
      if (hasher.position() == pieceLength) {
        record(number);
        number++;
        hasher = BlockHasher.withSha256(pieceLength, blockLength);
      }
    }
  }

  @Override
  public void complete(ContentInfo content) throws IOException {
    requireOpen();
    if (content.length().isEmpty() || content.length().getAsLong() != length) {
      throw new IllegalArgumentException(
          "the content has " + length + " bytes, not " + content.length());
    }
    if (content.pieceLength() == pieceLength) {
      if (hasher.position() > 0) {
        hasher.finish();
        record(number);
      }
      task.lengthKnown(content);
    } else {
      task.lengthKnown(content);
      hashAgain(content.layout());
    }
    completed = true;
    task.streamCompleted();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      task.streamClosed(completed);
      pin.close();
    }
  }

  private void hash(ByteBuffer part) {
    while (part.hasRemaining()) {
      int count = (int) Math.min(part.remaining(), hasher.missingOfBlock());
      ByteBuffer block = part.slice(part.position(), count);
      int _ = hasher.update(block);
      part.position(part.position() + count);
    }
  }

  private void hashAgain(PieceLayout layout) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    for (int piece = 0; piece < layout.pieceCount(); piece++) {
      long pieceBytes = layout.length(piece);
      hasher = BlockHasher.withSha256(pieceBytes, layout.blockLength());
      while (hasher.position() < pieceBytes) {
        int wanted = (int) Math.min(BUFFER_BYTES, pieceBytes - hasher.position());
        buffer.clear().limit(wanted);
        if (file.readFully(buffer, layout.offset(piece) + hasher.position()) < wanted) {
          throw new IOException("the file of task " + task.key() + " ends early");
        }
        hash(buffer.flip());
      }
      record(piece);
    }
  }

  private void record(int piece) throws IOException {
    task.append(
        task.pieceRecord(
            piece,
            hasher.crc(),
            hasher.hashes(),
            TrafficType.BACK_TO_SOURCE,
            /* parentId= */ "",
            Duration.ZERO));
  }

  private void requireOpen() {
    if (closed || completed) {
      throw new IllegalStateException("the stream of task " + task.key() + " has ended");
    }
  }
}
