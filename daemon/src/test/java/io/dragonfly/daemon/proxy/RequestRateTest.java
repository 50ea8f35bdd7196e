package io.dragonfly.daemon.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** So many requests a second. */
class RequestRateTest {
  @Test
  void admitsASecondsWorthAndThenOneForEachShareOfASecond() {
    AtomicLong now = new AtomicLong(-5);
    RequestRate rate = new RequestRate(10, now::get);
    for (int i = 0; i < 10; i++) {
      assertThat(rate.admits()).isTrue();
    }
    assertThat(rate.admits()).isFalse();
    now.addAndGet(99_999_999);
    assertThat(rate.admits()).isFalse();
    now.addAndGet(1);
    assertThat(rate.admits()).isTrue();
    assertThat(rate.admits()).isFalse();
  }
}
