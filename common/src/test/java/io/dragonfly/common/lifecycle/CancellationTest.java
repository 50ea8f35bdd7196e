package io.dragonfly.common.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class CancellationTest {
  private final Cancellation cancellation = new Cancellation();
  private final List<String> ran = new ArrayList<>();

  @Test
  void callbacksRunOnceInOrder() {
    cancellation.onCancel(() -> ran.add("a"));
    cancellation.onCancel(() -> ran.add("b"));

    cancellation.cancel();
    cancellation.cancel();

    assertThat(ran).containsExactly("a", "b");
  }

  @Test
  void aCallbackRunsAtOnceWhenCancelledAlready() {
    cancellation.cancel();

    cancellation.onCancel(() -> ran.add("late"));

    assertThat(ran).containsExactly("late");
  }

  @Test
  void whatWasUnregisteredDoesNotRun() {
    cancellation.onCancel(() -> ran.add("first"));
    Cancellation.Registration middle = cancellation.onCancel(() -> ran.add("middle"));
    Cancellation.Registration last = cancellation.onCancel(() -> ran.add("last"));
    middle.close();
    middle.close();
    last.close();
    cancellation.onCancel(() -> ran.add("new"));

    cancellation.cancel();

    assertThat(ran).containsExactly("first", "new");
  }

  @Test
  void aCallbackMayUnregisterAnotherAndRegisterMore() {
    List<Cancellation.Registration> second = new ArrayList<>();
    cancellation.onCancel(() -> {
      second.getFirst().close();
      cancellation.onCancel(() -> ran.add("nested"));
    });
    second.add(cancellation.onCancel(() -> ran.add("second")));

    cancellation.cancel();

    assertThat(ran).containsExactly("nested");
  }

  @Test
  void everyCallbackRunsAndTheirFailuresAreGathered() {
    cancellation.onCancel(() -> {
      throw new IllegalStateException("one");
    });
    cancellation.onCancel(() -> {
      throw new IllegalArgumentException("two");
    });
    cancellation.onCancel(() -> ran.add("three"));

    assertThatThrownBy(cancellation::cancel)
        .hasMessage("one")
        .satisfies(e ->
            assertThat(e.getSuppressed())
                .singleElement()
                .hasToString("java.lang.IllegalArgumentException: two"));
    assertThat(ran).containsExactly("three");
  }

  @Test
  void theReasonIsToldToWhoeverAsks() {
    assertThatCode(cancellation::throwIfCancelled).doesNotThrowAnyException();
    assertThat(cancellation.isCancelled()).isFalse();

    cancellation.cancel("the caller went away");
    cancellation.cancel("something else");

    assertThat(cancellation.isCancelled()).isTrue();
    assertThatThrownBy(cancellation::throwIfCancelled)
        .isInstanceOf(CancellationException.class)
        .hasMessage("the caller went away");
  }

  @Test
  void racingRegistrationsRunExactlyOnce() throws Exception {
    for (int round = 0; round < 200; round++) {
      var contested = new Cancellation();
      var runs = new AtomicInteger();
      var barrier = new CyclicBarrier(3);
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        threads.add(
            Thread.startVirtualThread(() -> {
              await(barrier);
              for (int n = 0; n < 10; n++) {
                contested.onCancel(runs::incrementAndGet);
              }
            }));
      }
      threads.add(
          Thread.startVirtualThread(() -> {
            await(barrier);
            contested.cancel();
          }));
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(runs).hasValue(20);
    }
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
