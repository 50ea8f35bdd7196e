package io.dragonfly.common.piece;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BlockSetTest {
  private static final long BLOCK = 64 * 1024;

  @Test
  void aRunIsFoundFromEachEndToTheOther() {
    BlockSet blocks = BlockSet.between(2, 5).or(BlockSet.between(60, 64));

    assertThat(blocks.first()).isEqualTo(2);
    assertThat(blocks.end()).isEqualTo(64);
    assertThat(blocks.count()).isEqualTo(7);
    assertThat(blocks.endOfRun(2)).isEqualTo(5);
    assertThat(blocks.endOfRun(5)).isEqualTo(5);
    assertThat(blocks.endOfRun(60)).isEqualTo(64);
    assertThat(blocks).hasToString("blocks 2-4 60-63");
    assertThat(BlockSet.between(0, 64).endOfRun(0)).isEqualTo(64);
    assertThat(BlockSet.between(0, 64).without(blocks).endOfRun(5)).isEqualTo(60);
  }

  @Test
  void noneHasNeitherFirstNorEnd() {
    assertThat(BlockSet.NONE.first()).isEqualTo(64);
    assertThat(BlockSet.NONE.end()).isZero();
    assertThat(BlockSet.between(7, 7)).isEqualTo(BlockSet.NONE);
    assertThatThrownBy(() -> BlockSet.between(0, 65)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aRangeTakesTheBlocksThatItTouches() {
    PieceLayout layout = new PieceLayout(2 * (4L << 20) + 100, 4L << 20);

    assertThat(layout.blocks(0, new ByteRange(BLOCK - 1, 2))).isEqualTo(BlockSet.between(0, 2));
    assertThat(layout.blocks(0, new ByteRange(BLOCK, BLOCK))).isEqualTo(BlockSet.between(1, 2));
    assertThat(layout.blocks(0, new ByteRange((4L << 20) - 1, 2)))
        .isEqualTo(BlockSet.between(63, 64));
    assertThat(layout.blocks(1, new ByteRange((4L << 20) - 1, 2)))
        .isEqualTo(BlockSet.between(0, 1));
    assertThat(layout.blocks(1, new ByteRange(0, 10))).isEqualTo(BlockSet.NONE);
    assertThat(layout.blocks(2, new ByteRange(0, 1L << 40))).isEqualTo(layout.blocks(2));
  }

  @Test
  void theLastBlockMayBeShorter() {
    PieceLayout layout = new PieceLayout(3 * BLOCK + 5, 4L << 20);

    assertThat(layout.bytes(0, layout.blocks(0))).isEqualTo(3 * BLOCK + 5);
    assertThat(layout.bytes(0, BlockSet.between(1, 3))).isEqualTo(2 * BLOCK);
    assertThat(layout.bytes(0, BlockSet.NONE.with(3))).isEqualTo(5);
  }
}
