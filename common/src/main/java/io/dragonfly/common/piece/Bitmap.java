package io.dragonfly.common.piece;

import java.util.BitSet;

/**
 * Sets of piece numbers as bytes: piece n is bit n % 8, from the lowest, of byte n / 8. Zeros at
 * the end may be left out.
 */
public final class Bitmap {
  private Bitmap() {}

  /**
   * Throws {@link IllegalArgumentException} when there are bits at or beyond {@code maxBits}, or
   * bytes that only such need.
   */
  public static BitSet decode(byte[] bytes, int maxBits) {
    if (bytes.length > Math.ceilDiv((long) maxBits, 8L)) {
      throw new IllegalArgumentException(
          "bitmap of " + bytes.length + " bytes is too long for " + maxBits + " pieces");
    }
    BitSet bits = BitSet.valueOf(bytes);
    if (bits.length() > maxBits) {
      throw new IllegalArgumentException(
          "bitmap names piece " + (bits.length() - 1) + " of a task with " + maxBits + " pieces");
    }
    return bits;
  }

  /** As many bytes as the highest bit needs. */
  public static byte[] encode(BitSet bits) {
    return bits.toByteArray();
  }
}
