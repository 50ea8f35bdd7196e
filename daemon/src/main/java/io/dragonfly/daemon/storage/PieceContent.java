package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.BlockHashes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;

/**
 * Reads one piece, finished or still coming in. Any number of readers live side by side, also after
 * the task was deleted. Safe for one thread at a time.
 */
public interface PieceContent extends AutoCloseable {
  /** Bytes of the whole piece. */
  long length();

  /** Bytes that may be read now from an offset in the piece on; to its end when it is finished. */
  long available(long offset);

  /** Whether no more bytes will become available although the piece isn't whole. */
  boolean isBroken();

  /**
   * Runs {@code wake} once, when bytes at an offset are available or never will be: at once where
   * that is so already, else on the thread that brings them. It must not block.
   */
  void whenAvailable(long offset, Runnable wake);

  /** The block hashes, when the piece has a root. Read from disk. */
  Optional<BlockHashes> hashes() throws IOException;

  /**
   * Moves bytes inside the kernel where it can.
   *
   * @return how many the target took: fewer than asked when it is full
   * @throws IndexOutOfBoundsException when the range isn't within what is available
   * @throws IOException when the file ends early, or the target fails
   */
  long transferTo(long offsetInPiece, long count, WritableByteChannel target) throws IOException;

  /**
   * Fills the buffer from the piece, up to the end of what is available.
   *
   * @return bytes read; -1 at the end of what is available
   * @throws IOException when the file is shorter than that
   */
  int read(long offsetInPiece, ByteBuffer target) throws IOException;

  @Override
  void close();
}
