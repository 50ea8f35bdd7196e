package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.BlockHashes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;

/**
 * Reads one finished piece. Any number of views live side by side, also after the task was deleted.
 * Safe for one thread at a time.
 */
public interface PieceView extends AutoCloseable {
  StoredPiece piece();

  long length();

  /** The block hashes, when the piece has a root. Read from disk. */
  Optional<BlockHashes> hashes() throws IOException;

  /**
   * Moves bytes inside the kernel where it can.
   *
   * @return how many the target took: fewer than asked when it is full
   * @throws IndexOutOfBoundsException when the range isn't within the piece
   * @throws IOException when the file ends early, or the target fails
   */
  long transferTo(long offsetInPiece, long count, WritableByteChannel target) throws IOException;

  /**
   * Fills the buffer from the piece, up to the piece's end.
   *
   * @return bytes read; -1 at the end of the piece
   * @throws IOException when the file is shorter than the piece
   */
  int read(long offsetInPiece, ByteBuffer target) throws IOException;

  @Override
  void close();
}
