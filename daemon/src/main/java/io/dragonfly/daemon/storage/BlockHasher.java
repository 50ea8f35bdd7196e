package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.BlockHashes;
import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Hashes a piece as its bytes come: CRC32 of everything, and SHA-256 of each block when wanted.
 * What was hashed up to the end of a block can be kept and resumed from.
 */
final class BlockHasher {
  private static final int HASH_BYTES = 32;

  private final long length;
  private final long blockLength;
  private final @Nullable MessageDigest sha256;
  private final byte[] hashes;
  private final CRC32 blockCrc = new CRC32();
  private int wholeCrc;
  private int blocks;
  private long blockPosition;

  BlockHasher(long length, long blockLength, boolean withSha256) {
    this.length = length;
    this.blockLength = blockLength;
    this.sha256 = withSha256 ? newSha256() : null;
    this.hashes = new byte[withSha256 ? blockCount(length, blockLength) * HASH_BYTES : 0];
  }

  /** Goes on behind blocks that were verified before; {@code crc} is that of all their bytes. */
  static BlockHasher resumed(
      long length, long blockLength, int blocks, int crc, BlockHashes verified) {
    BlockHasher hasher = new BlockHasher(length, blockLength, true);
    for (int i = 0; i < blocks; i++) {
      System.arraycopy(verified.get(i), 0, hasher.hashes, i * HASH_BYTES, HASH_BYTES);
    }
    hasher.blocks = blocks;
    hasher.wholeCrc = crc;
    return hasher;
  }

  static int blockCount(long length, long blockLength) {
    return Math.toIntExact(Math.ceilDiv(length, blockLength));
  }

  /** Bytes until the current block is full. */
  long missingOfBlock() {
    return Math.min(blockLength, length - blocks * blockLength) - blockPosition;
  }

  long position() {
    return blocks * blockLength + blockPosition;
  }

  /** Finished blocks. */
  int blocks() {
    return blocks;
  }

  /** The CRC32 of the finished blocks. */
  int crc() {
    return wholeCrc;
  }

  /**
   * Takes bytes of the current block, not more than are missing of it; consumes the buffer.
   *
   * @return true when the block became full (its hash is then {@link #hash})
   */
  boolean update(ByteBuffer source) {
    int count = source.remaining();
    blockCrc.update(source.duplicate());
    if (sha256 == null) {
      source.position(source.limit());
    } else {
      sha256.update(source);
    }
    blockPosition += count;
    if (missingOfBlock() > 0) {
      return false;
    }
    if (sha256 != null) {
      finishHash(sha256);
    }
    wholeCrc =
        blocks == 0
            ? (int) blockCrc.getValue()
            : Crc32Combiner.combine(wholeCrc, (int) blockCrc.getValue(), blockPosition);
    blockCrc.reset();
    blockPosition = 0;
    blocks++;
    return true;
  }

  byte[] hash(int block) {
    byte[] hash = new byte[HASH_BYTES];
    System.arraycopy(hashes, block * HASH_BYTES, hash, 0, HASH_BYTES);
    return hash;
  }

  /** The hashes of all blocks, once all are finished; empty without SHA-256. */
  Optional<BlockHashes> hashes() {
    if (sha256 == null || hashes.length == 0 || blocks * HASH_BYTES < hashes.length) {
      return Optional.empty();
    }
    return Optional.of(BlockHashes.of(hashes));
  }

  private void finishHash(MessageDigest digest) {
    try {
      digest.digest(hashes, blocks * HASH_BYTES, HASH_BYTES);
    } catch (DigestException e) {
      throw new IllegalStateException("SHA-256 has 32 bytes", e);
    }
  }

  private static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
