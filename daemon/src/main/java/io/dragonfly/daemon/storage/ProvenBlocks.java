package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.BlockSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * Blocks of a piece that are proven, while all of it comes again from somebody who proves nothing.
 * Readers of this host may have them open: so they are compared with what comes, and stay as they
 * are. Takes a piece's bytes in order, from the start of any block on.
 */
final class ProvenBlocks {
  private final BlockSet blocks;
  private final BlockHasher proven;
  private final long length;
  private final long blockLength;
  private final CRC32 crc = new CRC32();

  /** What is done with bytes that are not proven. */
  interface Writer {
    void write(ByteBuffer bytes, long offsetInPiece) throws IOException;
  }

  /**
   * @param proven has the CRC32 of these blocks
   * @param length bytes of the piece
   */
  ProvenBlocks(BlockSet blocks, BlockHasher proven, long length, long blockLength) {
    this.blocks = blocks;
    this.proven = proven;
    this.length = length;
    this.blockLength = blockLength;
  }

  /**
   * Compares what belongs to proven blocks, and has the rest written.
   *
   * @param source is consumed; ends with the piece at the latest
   * @return the first block that differs, or -1
   */
  int take(ByteBuffer source, long offsetInPiece, Writer rest) throws IOException {
    long offset = offsetInPiece;
    while (source.hasRemaining()) {
      int block = (int) (offset / blockLength);
      boolean known = blocks.has(block);
      long end = known ? (block + 1) * blockLength : startOfProven(block);
      ByteBuffer run =
          source.slice(source.position(), (int) Math.min(source.remaining(), end - offset));
      source.position(source.position() + run.remaining());
      long from = offset;
      offset += run.remaining();
      if (!known) {
        rest.write(run, from);
      } else if (!isSame(block, run, from, offset)) {
        return block;
      }
    }
    return -1;
  }

  private long startOfProven(int after) {
    int next = blocks.without(BlockSet.between(0, after)).first();
    return Math.min(next * blockLength, length);
  }

  /** Whether the bytes may be the block's: known at its end. */
  private boolean isSame(int block, ByteBuffer bytes, long from, long to) {
    if (from % blockLength == 0) {
      crc.reset();
    }
    crc.update(bytes);
    return to < Math.min((block + 1) * blockLength, length)
        || (int) crc.getValue() == proven.crc(block);
  }
}
