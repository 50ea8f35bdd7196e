package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class LanesTest {
  private final Queue<Runnable> threads = new ArrayDeque<>();
  private final List<Integer> done = new ArrayList<>();
  private int most = 2;
  private final Lanes lanes = new Lanes(threads::add, () -> most);

  private void work(int... numbers) {
    for (int number : numbers) {
      lanes.execute(() -> done.add(number));
    }
  }

  @Test
  void whatExceedsTheLanesWaitsForItsTurn() {
    work(1, 2, 3, 4);
    assertThat(threads).hasSize(2);
    threads.remove().run();
    assertThat(threads).hasSize(2);
    while (!threads.isEmpty()) {
      threads.remove().run();
    }
    assertThat(done).containsExactly(1, 2, 3, 4);
  }

  @Test
  void moreLanesAreUsedAsSoonAsThereAreMore() {
    work(1, 2, 3, 4, 5);
    most = 10;
    threads.remove().run();
    assertThat(threads).hasSize(4);
  }

  @Test
  void workThatFailsLeavesItsLane() {
    most = 1;
    lanes.execute(() -> {
      throw new IllegalStateException("a mistake");
    });
    work(1);
    assertThatThrownBy(() -> threads.remove().run()).isInstanceOf(IllegalStateException.class);
    threads.remove().run();
    assertThat(done).containsExactly(1);
  }

  @Test
  void threadsThatAreGoneRefuse() {
    Lanes closed =
        new Lanes(
            _ -> {
              throw new RejectedExecutionException();
            },
            () -> 1);
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> closed.execute(() -> {}))
          .isInstanceOf(RejectedExecutionException.class);
    }
  }
}
