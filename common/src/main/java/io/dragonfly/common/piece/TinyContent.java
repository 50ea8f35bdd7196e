package io.dragonfly.common.piece;

import io.dragonfly.common.digest.Sha256;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * All bytes of a content that is so small that a scheduler hands it out itself. Such a content is
 * one piece of one block.
 */
public final class TinyContent {
  /** What upstream calls tiny, too. */
  public static final int MAX_LENGTH = 128;

  private final byte[] bytes;

  private TinyContent(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Of a copy of these bytes.
   *
   * @throws IllegalArgumentException when there are none, or more than {@value #MAX_LENGTH}
   */
  public static TinyContent of(byte[] bytes) {
    if (bytes.length == 0 || bytes.length > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "tiny content has 1 to " + MAX_LENGTH + " bytes, not " + bytes.length);
    }
    return new TinyContent(bytes.clone());
  }

  /** Whether a content may travel so: it is small enough, and everybody may have it. */
  public static boolean mayBe(ContentInfo content) {
    long length = content.length().orElse(0);
    return length >= 1 && length <= MAX_LENGTH && !content.isGuarded();
  }

  /** Whether these may be the bytes of the content, whose first piece has this root. */
  public boolean matches(ContentInfo content, PieceRoot root) {
    return mayBe(content) && content.length().orElse(0) == bytes.length && root().equals(root);
  }

  /** The root of its only piece. */
  private PieceRoot root() {
    return BlockHashes.of(Sha256.of(bytes)).root();
  }

  /** A copy. */
  public byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof TinyContent tiny && Arrays.equals(bytes, tiny.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return "TinyContent[" + bytes.length + " bytes]";
  }
}
