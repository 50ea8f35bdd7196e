package io.dragonfly.common.piece;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import org.junit.jupiter.api.Test;

class BitmapTest {
  @Test
  void pieceNIsBitNModulo8FromTheLowestOfByteNDividedBy8() {
    BitSet pieces = new BitSet();
    pieces.set(0);
    pieces.set(9);
    pieces.set(15);

    assertThat(Bitmap.encode(pieces)).containsExactly(0x01, 0x82);
    assertThat(Bitmap.decode(new byte[] {0x01, (byte) 0x82}, 16)).isEqualTo(pieces);
  }

  @Test
  void zerosAtTheEndMayBeThereOrNot() {
    assertThat(Bitmap.decode(new byte[0], 16).isEmpty()).isTrue();
    assertThat(Bitmap.decode(new byte[] {1, 0}, 9)).isEqualTo(Bitmap.decode(new byte[] {1}, 9));
    assertThat(Bitmap.encode(new BitSet(1000))).isEmpty();
  }

  @Test
  void piecesThatTheTaskDoesNotHaveAreRefused() {
    assertThat(Bitmap.decode(new byte[] {0, 1}, 9).get(8)).isTrue();
    assertThatThrownBy(() -> Bitmap.decode(new byte[] {0, 2}, 9))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("piece 9 of a task with 9");
    assertThatThrownBy(() -> Bitmap.decode(new byte[] {0, 0, 0}, 9))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("too long");
    assertThatThrownBy(() -> Bitmap.decode(new byte[1], 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(Bitmap.decode(new byte[1 << 17], 1 << 20).isEmpty()).isTrue();
  }
}
