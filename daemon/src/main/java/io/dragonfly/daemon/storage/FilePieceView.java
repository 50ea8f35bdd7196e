package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.BlockHashes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/** Reads a piece out of the task's content file. */
final class FilePieceView implements PieceView {
  private final StoredTask task;
  private final SharedFile file;
  private final StoredPiece piece;
  private final Optional<BlockHashes> hashes;
  private final Pin pin;

  FilePieceView(
      StoredTask task, SharedFile file, StoredPiece piece, Optional<BlockHashes> hashes, Pin pin) {
    this.task = task;
    this.file = file;
    this.piece = piece;
    this.hashes = hashes;
    this.pin = pin;
  }

  @Override
  public StoredPiece piece() {
    return piece;
  }

  @Override
  public long length() {
    return piece.length();
  }

  @Override
  public Optional<BlockHashes> hashes() {
    return hashes;
  }

  @Override
  public long transferTo(long offsetInPiece, long count, WritableByteChannel target)
      throws IOException {
    Objects.checkFromIndexSize(offsetInPiece, count, piece.length());
    long position = piece.offset() + offsetInPiece;
    long moved = file.transferTo(position, count, target);
    if (moved == 0 && count > 0 && file.size() <= position) {
      throw endsEarly();
    }
    return moved;
  }

  @Override
  public boolean share(long offsetInPiece, long count, Path target, long position) {
    Objects.checkFromIndexSize(offsetInPiece, count, piece.length());
    return file.share(piece.offset() + offsetInPiece, count, target, position);
  }

  @Override
  public int read(long offsetInPiece, ByteBuffer target) throws IOException {
    Objects.checkIndex(offsetInPiece, piece.length() + 1);
    long left = piece.length() - offsetInPiece;
    if (left == 0) {
      return -1;
    }
    int limit = target.limit();
    try {
      if (target.remaining() > left) {
        target.limit(target.position() + (int) left);
      }
      int wanted = target.remaining();
      int count = file.readFully(target, piece.offset() + offsetInPiece);
      if (count < wanted) {
        throw endsEarly();
      }
      return count;
    } finally {
      target.limit(limit);
    }
  }

  @Override
  public void close() {
    pin.close();
  }

  private IOException endsEarly() {
    task.doubt(piece.number());
    return new IOException(
        "the file of task " + task.key() + " ends within piece " + piece.number());
  }
}
