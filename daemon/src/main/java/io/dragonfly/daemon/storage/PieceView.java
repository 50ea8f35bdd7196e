package io.dragonfly.daemon.storage;

import java.nio.file.Path;

/** Reads one finished piece. */
public interface PieceView extends PieceContent {
  StoredPiece piece();

  /**
   * Lets a part of a file share the piece's blocks on the disk, see {@link
   * io.dragonfly.common.file.Reflink}.
   *
   * @return whether it was done; if not, the target has the bytes that it had
   * @throws IndexOutOfBoundsException when the range isn't within the piece
   */
  boolean share(long offsetInPiece, long count, Path target, long position);

  @Override
  default long available(long offset) {
    return Math.max(0, length() - offset);
  }

  @Override
  default boolean isBroken() {
    return false;
  }

  @Override
  default void whenAvailable(long offset, Runnable wake) {
    wake.run();
  }
}
