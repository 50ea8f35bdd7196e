package io.dragonfly.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class QuietTimeTest {
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  /** Clocks of nanoseconds may overflow. */
  private final long begin = Long.MAX_VALUE - SECOND;

  private final QuietTime quiet = new QuietTime(Duration.ofSeconds(10));

  @Test
  void isReachedOnceAfterTheStart() {
    assertThat(look(0, false, 0)).isFalse();
    assertThat(look(9, false, 0)).isFalse();
    assertThat(look(10, false, 0)).isTrue();
    assertThat(look(20, false, 0)).isFalse();
    assertThat(look(1000, false, 0)).isFalse();
  }

  @Test
  void isNotReachedWhileWorkGoesOnHoweverSlowly() {
    for (int second = 0; second < 100; second += 5) {
      assertThat(look(second, true, 7)).isFalse();
    }
    for (int second = 100; second < 200; second += 5) {
      assertThat(look(second, false, second)).isFalse();
    }
    assertThat(look(204, false, 195)).isFalse();
    assertThat(look(205, false, 195)).isTrue();
  }

  @Test
  void isReachedAgainAfterWorkThatNoLookSaw() {
    assertThat(look(0, false, 0)).isFalse();
    assertThat(look(10, false, 0)).isTrue();
    assertThat(look(15, false, 1)).isFalse();
    assertThat(look(24, false, 1)).isFalse();
    assertThat(look(25, false, 1)).isTrue();
  }

  private boolean look(long second, boolean busy, long work) {
    return quiet.isReached(busy, work, begin + second * SECOND);
  }
}
