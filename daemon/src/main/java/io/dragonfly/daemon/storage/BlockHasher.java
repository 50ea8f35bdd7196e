package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.BlockHashes;
import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Hashes a piece as its bytes come: CRC32 of everything, and SHA-256 of each block when wanted.
 * What was hashed up to the end of a block can be kept and resumed from. Without SHA-256 the piece
 * is one block.
 */
final class BlockHasher {
  private static final int HASH_BYTES = BlockHashes.HASH_LENGTH;

  private final long length;
  private final long blockLength;
  private final @Nullable MessageDigest sha256;
  private final byte[] hashes;

  /** The CRC32 of the blocks before those that this object hashed, and their bytes. */
  private final int resumedCrc;

  private final long resumedBytes;

  /** Over everything that this object hashed. */
  private final CRC32 crc = new CRC32();

  /** Its value at the end of the last finished block. */
  private int finishedCrc;

  private int blocks;
  private long blockPosition;

  private BlockHasher(long length, long blockLength, boolean withSha256, int blocks, int crc) {
    this.length = length;
    this.blockLength = withSha256 ? blockLength : Math.max(length, 1);
    this.sha256 = withSha256 ? newSha256() : null;
    this.hashes = new byte[withSha256 ? blockCount(length, blockLength) * HASH_BYTES : 0];
    this.blocks = blocks;
    this.resumedCrc = crc;
    this.resumedBytes = Math.min(blocks * blockLength, length);
  }

  static BlockHasher withSha256(long length, long blockLength) {
    return new BlockHasher(length, blockLength, true, 0, 0);
  }

  static BlockHasher crcOnly(long length) {
    return new BlockHasher(length, length, false, 0, 0);
  }

  /** Goes on behind blocks that were verified before; {@code crc} is that of all their bytes. */
  static BlockHasher resumed(
      long length, long blockLength, int blocks, int crc, BlockHashes verified) {
    BlockHasher hasher = new BlockHasher(length, blockLength, true, blocks, crc);
    System.arraycopy(verified.bytes(), 0, hasher.hashes, 0, blocks * HASH_BYTES);
    return hasher;
  }

  static int blockCount(long length, long blockLength) {
    return Math.toIntExact(Math.ceilDiv(length, blockLength));
  }

  long position() {
    return Math.min(blocks * blockLength, length) + blockPosition;
  }

  /** Bytes until the current block is full; 0 when the piece is. */
  long missingOfBlock() {
    return Math.min(blockLength - blockPosition, length - position());
  }

  /** Finished blocks. */
  int blocks() {
    return blocks;
  }

  /** The CRC32 of the finished blocks. */
  int crc() {
    if (resumedBytes == 0) {
      return finishedCrc;
    }
    long hashed = Math.min(blocks * blockLength, length) - resumedBytes;
    return Crc32Combiner.combine(resumedCrc, finishedCrc, hashed);
  }

  /**
   * Takes bytes of the current block, not more than are missing of it; consumes the buffer.
   *
   * @return true when the block became full
   */
  boolean update(ByteBuffer source) {
    int count = source.remaining();
    crc.update(source.duplicate());
    if (sha256 == null) {
      source.position(source.limit());
    } else {
      sha256.update(source);
    }
    boolean full = missingOfBlock() == count;
    blockPosition += count;
    if (full) {
      finishBlock();
    }
    return full;
  }

  /** Ends the piece where it is: the content was shorter than assumed. */
  void finish() {
    if (blockPosition > 0) {
      finishBlock();
    }
  }

  boolean matches(int block, BlockHashes expected) {
    return expected.matches(
        block, Arrays.copyOfRange(hashes, block * HASH_BYTES, (block + 1) * HASH_BYTES));
  }

  /** The hashes of the finished blocks; empty without SHA-256. */
  Optional<BlockHashes> hashes() {
    return sha256 == null || blocks == 0
        ? Optional.empty()
        : Optional.of(BlockHashes.of(Arrays.copyOf(hashes, blocks * HASH_BYTES)));
  }

  private void finishBlock() {
    if (sha256 != null) {
      try {
        sha256.digest(hashes, blocks * HASH_BYTES, HASH_BYTES);
      } catch (DigestException e) {
        throw new IllegalStateException("SHA-256 has 32 bytes", e);
      }
    }
    finishedCrc = (int) crc.getValue();
    blockPosition = 0;
    blocks++;
  }

  private static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
