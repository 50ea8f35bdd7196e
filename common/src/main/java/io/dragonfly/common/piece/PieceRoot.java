package io.dragonfly.common.piece;

import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** Vouches for the bytes of a piece: the SHA-256 over the SHA-256 of each of its blocks. */
public final class PieceRoot {
  public static final int LENGTH = 32;

  private final byte[] bytes;

  private PieceRoot(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Throws {@link IllegalArgumentException} unless there are exactly 32 bytes. */
  public static PieceRoot of(byte[] bytes) {
    if (bytes.length != LENGTH) {
      throw new IllegalArgumentException(
          "a piece root has " + LENGTH + " bytes, not " + bytes.length);
    }
    return new PieceRoot(bytes.clone());
  }

  /** A copy. */
  public byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof PieceRoot root && Arrays.equals(bytes, root.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** 64 hex digits. */
  @Override
  public String toString() {
    return HexFormat.of().formatHex(bytes);
  }
}
