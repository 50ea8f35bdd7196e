package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.BlockHashes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** Reads stored bytes once more and compares them with what was recorded. */
final class PieceVerifier {
  private static final int BUFFER_BYTES = 256 * 1024;

  private PieceVerifier() {}

  /**
   * Whether the file has these bytes.
   *
   * @param length of what is verified: a piece, or the first blocks of one
   * @param crc of exactly these bytes
   * @param hashes of the blocks, which may be more than are verified here
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
      int wanted = (int) Math.min(BUFFER_BYTES, hasher.missingOfBlock());
      buffer.clear().limit(wanted);
      if (file.readFully(buffer, offset + hasher.position()) < wanted) {
        return false;
      }
      boolean full = hasher.update(buffer.flip());
      if (full
          && hashes.isPresent()
          && (hasher.blocks() > hashes.get().count()
              || !hasher.matches(hasher.blocks() - 1, hashes.get()))) {
        return false;
      }
    }
    return hasher.crc() == crc;
  }
}
