package io.dragonfly.common.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CloserTest {
  private final List<String> closed = new ArrayList<>();

  private AutoCloseable resource(String name) {
    return () -> closed.add(name);
  }

  @Test
  void theLastAddedIsClosedFirst() {
    var closer = new Closer();
    closer.add(resource("a"));
    closer.add(resource("b"));
    closer.add(resource("c"));

    closer.close();

    assertThat(closed).containsExactly("c", "b", "a");
  }

  @Test
  void allAreClosedAndFailuresAreGathered() {
    var closer = new Closer();
    closer.add(resource("a"));
    closer.add(() -> {
      throw new IOException("second");
    });
    closer.add(() -> {
      throw new IllegalStateException("first");
    });

    assertThatThrownBy(closer::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("first")
        .satisfies(e ->
            assertThat(e.getSuppressed())
                .singleElement()
                .hasToString("java.io.IOException: second"));
    assertThat(closed).containsExactly("a");
  }

  @Test
  void anIoExceptionLeavesUncheckedWithTheLaterOnes() {
    var closer = new Closer();
    closer.add(() -> {
      throw new IllegalStateException("later");
    });
    closer.add(() -> {
      throw new IOException("disk");
    });

    assertThatThrownBy(closer::close)
        .isInstanceOf(UncheckedIOException.class)
        .hasRootCauseMessage("disk")
        .satisfies(e ->
            assertThat(e.getSuppressed())
                .singleElement()
                .hasToString("java.lang.IllegalStateException: later"));
  }

  @Test
  void closingAgainDoesNothing() {
    var closer = new Closer();
    closer.add(resource("a"));

    closer.close();
    closer.close();

    assertThat(closed).containsExactly("a");
  }

  @Test
  void whatIsAddedAfterwardsIsClosedAtOnce() {
    var closer = new Closer();
    closer.close();

    assertThatThrownBy(() -> closer.add(resource("late")))
        .isInstanceOf(IllegalStateException.class);
    assertThat(closed).containsExactly("late");
  }

  @Test
  void anInterruptIsKept() {
    var closer = new Closer();
    closer.add(() -> {
      throw new InterruptedException();
    });

    assertThatThrownBy(closer::close).hasRootCauseInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isTrue();
  }
}
