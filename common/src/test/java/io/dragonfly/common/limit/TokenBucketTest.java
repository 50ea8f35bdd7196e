package io.dragonfly.common.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TokenBucketTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long BURST = TokenBucket.BURST_MILLIS * 1_000_000;

  // Near its end a clock runs over, as System.nanoTime may.
  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - SECOND);

  @Test
  void savingsAreSpentFirstThenDebtIsWaitedFor() {
    TokenBucket bucket = new TokenBucket(1000, clock::get);

    assertThat(bucket.reserve(100)).isZero();
    assertThat(bucket.reserve(1000)).isEqualTo(SECOND);
    assertThat(bucket.reserve(500)).isEqualTo(SECOND + SECOND / 2);

    clock.addAndGet(SECOND);
    assertThat(bucket.reserve(0)).isEqualTo(SECOND / 2);
  }

  @Test
  void anIdleBucketSavesUpNoMoreThanItsBurst() {
    TokenBucket bucket = new TokenBucket(1000, clock::get);
    bucket.reserve(5000);
    clock.addAndGet(3600 * SECOND);

    assertThat(bucket.reserve(1100)).isEqualTo(SECOND);
  }

  @Test
  void whoWaitsAsToldMovesAtTheRate() {
    TokenBucket bucket = new TokenBucket(50_000_000, clock::get);
    long start = clock.get();
    long bytes = 0;
    while (clock.get() - start < 10 * SECOND) {
      bytes += 65_536;
      clock.addAndGet(bucket.reserve(65_536));
    }

    double seconds = (clock.get() - start + BURST) / 1e9;
    assertThat(bytes / seconds).isBetween(49_900_000.0, 50_000_001.0);
  }

  @Test
  void aRequestGreaterThanTheBucketIsServed() {
    TokenBucket bucket = new TokenBucket(1, clock::get);

    assertThat(bucket.reserve(100)).isEqualTo(100 * SECOND - BURST);
  }

  @Test
  void hugeDebtsDoNotOverflow() {
    TokenBucket bucket = new TokenBucket(1, clock::get);

    for (int i = 0; i < 10; i++) {
      assertThat(bucket.reserve(Long.MAX_VALUE)).isGreaterThan(365L * 86_400 * SECOND);
    }
  }

  @Test
  void anUnlimitedBucketNeverWaits() {
    TokenBucket bucket = new TokenBucket(TokenBucket.UNLIMITED, clock::get);

    assertThat(bucket.reserve(Long.MAX_VALUE)).isZero();
    assertThat(bucket.reserve(Long.MAX_VALUE)).isZero();
  }

  @Test
  void threadsTogetherGetWhatOneWouldGet() throws InterruptedException {
    TokenBucket bucket = new TokenBucket(1000, clock::get);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int n = 0; n < 1000; n++) {
                  bucket.reserve(1);
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(bucket.reserve(0)).isEqualTo(4 * SECOND - BURST);
  }

  @Test
  void ratesAndAmountsHaveBounds() {
    assertThatThrownBy(() -> new TokenBucket(0, clock::get))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> TokenBucket.ofRate(1).reserve(-1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
