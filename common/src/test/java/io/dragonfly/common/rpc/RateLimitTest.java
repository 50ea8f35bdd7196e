package io.dragonfly.common.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class RateLimitTest {
  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 10); // The clock may wrap around.

  private int acquired(RateLimit limit, int attempts) {
    int acquired = 0;
    for (int i = 0; i < attempts; i++) {
      if (limit.tryAcquire()) {
        acquired++;
      }
    }
    return acquired;
  }

  @Test
  void oneSecondsWorthPassesAtOnce() {
    var limit = new RateLimit(4000, now::get);

    assertThat(acquired(limit, 5000)).isEqualTo(4000);
  }

  @Test
  void permitsComeBackWithTime() {
    var limit = new RateLimit(10, now::get);
    assertThat(acquired(limit, 20)).isEqualTo(10);

    now.addAndGet(TimeUnit.MILLISECONDS.toNanos(99));
    assertThat(acquired(limit, 1)).isZero();
    now.addAndGet(TimeUnit.MILLISECONDS.toNanos(1));
    assertThat(acquired(limit, 2)).isEqualTo(1);
    now.addAndGet(TimeUnit.MILLISECONDS.toNanos(500));
    assertThat(acquired(limit, 9)).isEqualTo(5);
  }

  @Test
  void aLongPauseSavesNoMoreThanOneSecond() {
    var limit = new RateLimit(3, now::get);
    now.addAndGet(TimeUnit.HOURS.toNanos(1));

    assertThat(acquired(limit, 100)).isEqualTo(3);
  }

  @Test
  void theRateHasBounds() {
    assertThatThrownBy(() -> new RateLimit(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RateLimit(1_000_000_001L))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
