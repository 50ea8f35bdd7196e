package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.BlockSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** Reads stored bytes once more and compares them with what was recorded. */
final class PieceVerifier {
  private static final int BUFFER_BYTES = 256 * 1024;
  private static final int EARLY_END = -2;

  private PieceVerifier() {}

  /**
   * Whether the file has these bytes.
   *
   * @param length of the piece
   * @param crc of exactly these bytes
   */
  static boolean matches(
      SharedFile file,
      long offset,
      long length,
      long blockLength,
      int crc,
      Optional<BlockHashes> hashes)
      throws IOException {
    BlockHasher hasher =
        hashes.isPresent()
            ? BlockHasher.withSha256(length, blockLength)
            : BlockHasher.crcOnly(length);
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    while (hasher.position() < length) {
      int block = next(file, offset, hasher, buffer);
      if (block == EARLY_END || (block >= 0 && !matches(hasher, block, hashes))) {
        return false;
      }
    }
    return hasher.crc() == crc;
  }

  /** Those of the blocks of a piece that have these hashes. */
  static BlockSet matching(
      SharedFile file,
      long offset,
      long length,
      long blockLength,
      BlockSet blocks,
      BlockHashes hashes)
      throws IOException {
    BlockHasher hasher = BlockHasher.withSha256(length, blockLength);
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    BlockSet right = BlockSet.NONE;
    for (int block = 0; block < hashes.count(); block++) {
      if (!blocks.has(block)) {
        continue;
      }
      hasher.moveTo(block);
      int full = -1;
      while (full == -1) {
        full = next(file, offset, hasher, buffer);
      }
      if (full >= 0 && hasher.matches(block, hashes)) {
        right = right.with(block);
      }
    }
    return right;
  }

  /** Reads on; returns the block that became full, -1 for none yet, or that the file has ended. */
  private static int next(SharedFile file, long offset, BlockHasher hasher, ByteBuffer buffer)
      throws IOException {
    int wanted = (int) Math.min(BUFFER_BYTES, hasher.missingOfBlock());
    buffer.clear().limit(wanted);
    if (file.readFully(buffer, offset + hasher.position()) < wanted) {
      return EARLY_END;
    }
    return hasher.update(buffer.flip());
  }

  private static boolean matches(BlockHasher hasher, int block, Optional<BlockHashes> hashes) {
    return hashes.isEmpty()
        || (block < hashes.get().count() && hasher.matches(block, hashes.get()));
  }
}
