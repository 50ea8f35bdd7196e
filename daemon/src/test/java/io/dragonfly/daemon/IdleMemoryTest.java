package io.dragonfly.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class IdleMemoryTest {
  private IdleMemory.Work work = new IdleMemory.Work(false, 0);
  private int given;

  private final IdleMemory memory = new IdleMemory(() -> work, () -> given++);

  @Test
  void isGivenBackOnceInEachTimeOfRest() {
    lookFrom(0, 60);
    assertThat(given).isEqualTo(1);
    work = new IdleMemory.Work(true, 1);
    lookFrom(60, 70);
    work = new IdleMemory.Work(false, 1);
    lookFrom(70, 600);
    assertThat(given).isEqualTo(2);
  }

  @Test
  void isKeptWhileAnythingIsUnderWay() {
    work = new IdleMemory.Work(true, 1);
    lookFrom(0, 600);
    assertThat(given).isZero();
  }

  @Test
  void isKeptWhileShortWorkComesAgainAndAgain() {
    for (int second = 0; second < 600; second += 10) {
      work = new IdleMemory.Work(false, second);
      lookFrom(second, second + 10);
    }
    assertThat(given).isZero();
  }

  private void lookFrom(int second, int end) {
    for (int at = second; at < end; at += 5) {
      memory.look(TimeUnit.SECONDS.toNanos(at));
    }
  }
}
