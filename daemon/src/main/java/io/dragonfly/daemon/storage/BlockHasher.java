package io.dragonfly.daemon.storage;

import io.dragonfly.common.digest.Sha256;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.BlockSet;
import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Hashes a piece as its bytes come: CRC32 and, when wanted, SHA-256 of each block. Blocks come in
 * order unless it is moved to another one; those that were hashed before are passed over. Without
 * SHA-256 the piece is one block.
 */
final class BlockHasher {
  private static final int HASH_BYTES = BlockHashes.HASH_LENGTH;

  private final long length;
  private final long blockLength;
  private final int blockCount;
  private final @Nullable MessageDigest sha256;
  private final byte[] hashes;
  private final int[] crcs;
  private final CRC32 crc = new CRC32();
  private BlockSet finished = BlockSet.NONE;

  /** The block that the next byte belongs to; the block count when all are finished. */
  private int block;

  private long blockPosition;

  /** The block at which the piece was ended early, and its bytes. */
  private int shortened = -1;

  private long shortenedTo;

  private BlockHasher(long length, long blockLength, boolean withSha256) {
    this.length = length;
    this.blockLength = withSha256 ? blockLength : Math.max(length, 1);
    this.blockCount = Math.toIntExact(Math.ceilDiv(length, this.blockLength));
    this.sha256 = withSha256 ? Sha256.begin() : null;
    this.hashes = new byte[withSha256 ? blockCount * HASH_BYTES : 0];
    this.crcs = new int[blockCount];
  }

  static BlockHasher withSha256(long length, long blockLength) {
    return new BlockHasher(length, blockLength, true);
  }

  static BlockHasher crcOnly(long length) {
    return new BlockHasher(length, length, false);
  }

  boolean isCrcOnly() {
    return sha256 == null;
  }

  /** Passes over a block that was hashed before. */
  void resume(int known, int knownCrc, byte[] hash) {
    crcs[known] = knownCrc;
    System.arraycopy(hash, 0, hashes, known * HASH_BYTES, HASH_BYTES);
    finished = finished.with(known);
    moveTo(block);
  }

  /** Where in the piece the next byte goes; its length when all blocks are finished. */
  long position() {
    return Math.min(block * blockLength, length) + blockPosition;
  }

  /**
   * Goes on with the first unfinished block at or after this one, or of all; what was hashed of
   * another one is void.
   */
  void moveTo(int wanted) {
    blockPosition = 0;
    crc.reset();
    if (sha256 != null) {
      sha256.reset();
    }
    int next = wanted < blockCount ? finished.endOfRun(wanted) : blockCount;
    block = next < blockCount ? next : Math.min(finished.endOfRun(0), blockCount);
  }

  /** Bytes until the current block is full; 0 when the piece is. */
  long missingOfBlock() {
    return Math.min(blockLength - blockPosition, length - position());
  }

  /** Bytes from the position on until the next finished block, or the piece's end. */
  long missing() {
    int next = finished.without(BlockSet.between(0, block)).first();
    return Math.min(next < blockCount ? next * blockLength : length, length) - position();
  }

  /** Where in the piece the current block begins. */
  long blockStart() {
    return position() - blockPosition;
  }

  BlockSet finished() {
    return finished;
  }

  /** The CRC32 of the finished blocks, one after the other. */
  int crc() {
    int sum = 0;
    for (int i = 0; i < blockCount; i++) {
      if (finished.has(i)) {
        long bytes = i == shortened ? shortenedTo : Math.min(blockLength, length - i * blockLength);
        sum = Crc32Combiner.combine(sum, crcs[i], bytes);
      }
    }
    return sum;
  }

  int crc(int of) {
    return crcs[of];
  }

  /**
   * Takes bytes of the current block, not more than are missing of it; consumes the buffer.
   *
   * @return the block that became full, or -1
   */
  int update(ByteBuffer source) {
    int count = source.remaining();
    crc.update(source.duplicate());
    if (sha256 == null) {
      source.position(source.limit());
    } else {
      sha256.update(source);
    }
    boolean full = missingOfBlock() == count;
    blockPosition += count;
    return full ? finishBlock() : -1;
  }

  /** Ends the piece where it is: the content was shorter than assumed. */
  void finish() {
    if (blockPosition > 0) {
      shortened = block;
      shortenedTo = blockPosition;
      int _ = finishBlock();
    }
  }

  boolean matches(int of, BlockHashes expected) {
    return expected.matches(of, hash(of));
  }

  /** The SHA-256 of a finished block. */
  byte[] hash(int of) {
    return Arrays.copyOfRange(hashes, of * HASH_BYTES, (of + 1) * HASH_BYTES);
  }

  /** The hashes of the first blocks, as many as are finished; empty without SHA-256. */
  Optional<BlockHashes> hashes() {
    return sha256 == null || finished.isEmpty()
        ? Optional.empty()
        : Optional.of(BlockHashes.of(Arrays.copyOf(hashes, finished.end() * HASH_BYTES)));
  }

  private int finishBlock() {
    int done = block;
    if (sha256 != null) {
      try {
        sha256.digest(hashes, done * HASH_BYTES, HASH_BYTES);
      } catch (DigestException e) {
        throw new IllegalStateException("SHA-256 has 32 bytes", e);
      }
    }
    crcs[done] = (int) crc.getValue();
    finished = finished.with(done);
    moveTo(done + 1);
    return done;
  }
}
