package io.dragonfly.common.piece;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.junit.jupiter.api.Test;

class BlockHashesTest {
  private final byte[] first = sha256("a".getBytes(US_ASCII));
  private final byte[] second = sha256("b".getBytes(US_ASCII));
  private final byte[] both = ByteBuffer.allocate(64).put(first).put(second).array();

  @Test
  void theRootIsTheHashOfTheHashes() {
    // printf a | sha256sum, printf b | sha256sum; both as bytes | sha256sum
    assertThat(BlockHashes.of(both).root())
        .isEqualTo(PieceRoot.of(sha256(both)))
        .hasToString("e5a01fee14e0ed5c48714f22180f25ad8365b53f9779f79dc4a3d7e93963f94a");
  }

  @Test
  void eachBlockIsCompared() {
    BlockHashes hashes = BlockHashes.of(both);

    assertThat(hashes.count()).isEqualTo(2);
    assertThat(hashes.get(1)).isEqualTo(second);
    assertThat(hashes.matches(0, first)).isTrue();
    assertThat(hashes.matches(1, first)).isFalse();
    assertThat(hashes.matches(0, new byte[0])).isFalse();
    assertThat(hashes.matches(0, both)).isFalse();
    assertThatThrownBy(() -> hashes.matches(2, first))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> hashes.get(-1)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void hashesAndRootsAreValues() {
    byte[] bytes = both.clone();
    BlockHashes hashes = BlockHashes.of(bytes);
    PieceRoot root = hashes.root();
    bytes[0]++;
    hashes.bytes()[0]++;
    root.bytes()[0]++;

    assertThat(hashes).isEqualTo(BlockHashes.of(both)).hasSameHashCodeAs(BlockHashes.of(both));
    assertThat(hashes).isNotEqualTo(BlockHashes.of(bytes));
    assertThat(hashes.root()).isEqualTo(root).hasSameHashCodeAs(root);
    assertThat(PieceRoot.of(first)).isNotEqualTo(PieceRoot.of(second));
  }

  @Test
  void sizesAreChecked() {
    for (int size : new int[] {0, 31, 33, 65 * 32}) {
      assertThatThrownBy(() -> BlockHashes.of(new byte[size]))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(BlockHashes.of(new byte[64 * 32]).count()).isEqualTo(64);
    assertThatThrownBy(() -> PieceRoot.of(new byte[31]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
