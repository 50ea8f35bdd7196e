package io.dragonfly.common.piece;

import io.dragonfly.common.digest.Sha256;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The SHA-256 of each block of one piece, 1 to 64 of them. */
public final class BlockHashes {
  public static final int HASH_LENGTH = 32;

  private final byte[] bytes;

  private BlockHashes(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Throws {@link IllegalArgumentException} unless the bytes are 1 to 64 hashes of 32 bytes. */
  public static BlockHashes of(byte[] concatenated) {
    if (concatenated.length == 0
        || concatenated.length % HASH_LENGTH != 0
        || concatenated.length > PieceLayout.MAX_BLOCKS * HASH_LENGTH) {
      throw new IllegalArgumentException(
          "block hashes are 1 to "
              + PieceLayout.MAX_BLOCKS
              + " times "
              + HASH_LENGTH
              + " bytes, not "
              + concatenated.length);
    }
    return new BlockHashes(concatenated.clone());
  }

  public int count() {
    return bytes.length / HASH_LENGTH;
  }

  /** A copy of one hash. */
  public byte[] get(int block) {
    int from = Objects.checkIndex(block, count()) * HASH_LENGTH;
    return Arrays.copyOfRange(bytes, from, from + HASH_LENGTH);
  }

  /** Whether the block has this SHA-256. */
  public boolean matches(int block, byte[] hash) {
    int from = Objects.checkIndex(block, count()) * HASH_LENGTH;
    return Arrays.equals(bytes, from, from + HASH_LENGTH, hash, 0, hash.length);
  }

  public PieceRoot root() {
    return PieceRoot.of(Sha256.of(bytes));
  }

  /** A copy of all hashes, one after the other. */
  public byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof BlockHashes hashes && Arrays.equals(bytes, hashes.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return count() + " blocks with root " + root();
  }
}
