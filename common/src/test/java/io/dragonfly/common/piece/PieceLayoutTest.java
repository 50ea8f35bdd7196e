package io.dragonfly.common.piece;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PieceLayoutTest {
  private static final long MIB = 1 << 20;

  @ParameterizedTest
  @CsvSource({
    "0, 4",
    "1, 4",
    "2097152000, 4",
    "2097152499, 4",
    "2097152500, 8",
    "4194304000, 8",
    "4194304499, 8",
    "4194304500, 16",
    "8388608499, 16",
    "8388608500, 32",
    "16777216499, 32",
    "16777216500, 64",
    "33554432500, 64",
    "70368744177664, 64",
    "9223372036854775807, 64",
  })
  void pieceLengthsAgreeWithUpstream(long contentLength, long mebibytes) {
    assertThat(PieceLayout.automaticPieceLength(contentLength)).isEqualTo(mebibytes * MIB);
  }

  @Test
  void theLastPieceIsWhatRemains() {
    PieceLayout layout = new PieceLayout(10, 4);

    assertThat(layout.pieceCount()).isEqualTo(3);
    assertThat(layout.offset(2)).isEqualTo(8);
    assertThat(layout.length(0)).isEqualTo(4);
    assertThat(layout.length(2)).isEqualTo(2);
    assertThat(layout.range(1)).isEqualTo(new ByteRange(4, 4));
    assertThat(new PieceLayout(8, 4).pieceCount()).isEqualTo(2);
    assertThat(new PieceLayout(8, 4).length(1)).isEqualTo(4);
    assertThat(new PieceLayout(0, 4).pieceCount()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, 0, 0",
    "0, 4, 0, 0",
    "3, 2, 0, 1",
    "4, 4, 1, 1",
    "9, 1, 2, 2",
    "9, 100, 2, 2",
    "0, 100, 0, 2"
  })
  void rangesCoverWholePieces(long start, long length, int first, int last) {
    PieceLayout layout = new PieceLayout(10, 4);
    ByteRange range = new ByteRange(start, length);

    assertThat(layout.firstPiece(range)).isEqualTo(first);
    assertThat(layout.lastPiece(range)).isEqualTo(last);
  }

  @Test
  void aRangeMustBeginInsideTheContent() {
    PieceLayout layout = new PieceLayout(10, 4);

    assertThatThrownBy(() -> layout.firstPiece(new ByteRange(10, 1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> layout.lastPiece(new ByteRange(10, 1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void piecesHaveAtMost64BlocksOfAtLeast64Kib() {
    PieceLayout small = new PieceLayout(5 * MIB, 4 * MIB);
    assertThat(small.blockLength()).isEqualTo(65_536);
    assertThat(small.blockCount(0)).isEqualTo(64);
    assertThat(small.blockCount(1)).isEqualTo(16);

    PieceLayout great = new PieceLayout(100 * MIB, 64 * MIB);
    assertThat(great.blockLength()).isEqualTo(MIB);
    assertThat(great.blockCount(0)).isEqualTo(64);
    assertThat(great.blockCount(1)).isEqualTo(36);

    PieceLayout odd = new PieceLayout(20_000_000, 10_000_001);
    assertThat(odd.blockLength()).isEqualTo(156_251);
    assertThat(odd.blockCount(0)).isEqualTo(64);
    assertThat(odd.blockLength(0, 63)).isEqualTo(10_000_001 - 63 * 156_251);
  }

  @Test
  void blocksMakeUpTheirPiece() {
    PieceLayout layout = new PieceLayout(5 * MIB + 1, 4 * MIB);
    for (int piece = 0; piece < layout.pieceCount(); piece++) {
      long next = 0;
      for (int block = 0; block < layout.blockCount(piece); block++) {
        assertThat(layout.blockOffset(piece, block)).isEqualTo(next);
        next += layout.blockLength(piece, block);
      }
      assertThat(next).isEqualTo(layout.length(piece));
    }
    assertThat(layout.blockCount(1)).isEqualTo(17);
    assertThat(layout.blockLength(1, 16)).isEqualTo(1);
  }

  @Test
  void thePieceCountIsLimited() {
    assertThat(new PieceLayout(1 << 20, 1).pieceCount()).isEqualTo(PieceLayout.MAX_PIECES);
    assertThat(PieceLayout.automatic((64 * MIB) << 20).pieceCount())
        .isEqualTo(PieceLayout.MAX_PIECES);
    assertThatThrownBy(() -> new PieceLayout((1 << 20) + 1, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("choose a greater piece length");
    assertThatThrownBy(() -> new PieceLayout(Long.MAX_VALUE, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void extremesDoNotOverflow() {
    PieceLayout layout = new PieceLayout(Long.MAX_VALUE, Long.MAX_VALUE);

    assertThat(layout.pieceCount()).isEqualTo(1);
    assertThat(layout.length(0)).isEqualTo(Long.MAX_VALUE);
    assertThat(layout.blockCount(0)).isEqualTo(64);
    assertThat(layout.lastPiece(new ByteRange(0, Long.MAX_VALUE))).isZero();
  }

  @Test
  void numbersOutOfBoundsAreRefused() {
    PieceLayout layout = new PieceLayout(10, 4);

    assertThatThrownBy(() -> new PieceLayout(-1, 4)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new PieceLayout(1, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> layout.length(3)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> layout.offset(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> layout.blockOffset(0, 1)).isInstanceOf(IllegalArgumentException.class);
  }
}
