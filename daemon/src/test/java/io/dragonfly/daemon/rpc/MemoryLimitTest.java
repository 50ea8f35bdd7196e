package io.dragonfly.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MemoryLimitTest {
  @Test
  void aPieceLargerThanTheLimitTakesAllOfItUnlessItIsLongerThanPiecesUsuallyAre()
      throws InterruptedException {
    MemoryLimit limit = new MemoryLimit(1 << 20);
    assertThat(limit.isPossible(64L << 20)).isTrue();
    assertThat(limit.isPossible((64L << 20) + 1)).isFalse();
    assertThat(limit.isPossible(1L << 40)).isFalse();
    for (int i = 0; i < 2; i++) {
      // Would wait for ever if the one before had not given all of it back.
      MemoryLimit.Share share = limit.take(64L << 20);
      share.close();
      share.close();
    }
    assertThat(new MemoryLimit(1L << 30).isPossible(1L << 30)).isTrue();
  }
}
