package io.dragonfly.scheduler.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class SharedListsTest {
  private final SharedLists lists = new SharedLists();

  @Test
  void equalListsAreOne() {
    List<String> first = List.of(new String("Signature"), "Expires");
    List<String> second = List.of(new String("Signature"), "Expires");

    assertThat(lists.shared(first)).isSameAs(first);
    assertThat(lists.shared(second)).isSameAs(first);
  }

  @Test
  void whoMakesListsUpFillsNoMemory() {
    for (int i = 0; i < SharedLists.MOST; i++) {
      lists.shared(List.of("made up " + i));
    }
    List<String> late = List.of(new String("late"));
    List<String> later = List.of(new String("late"));

    assertThat(lists.shared(late)).isSameAs(late);
    assertThat(lists.shared(later)).isSameAs(later);
  }

  @Test
  void aLongListIsNotKept() {
    List<String> large = List.of("x".repeat(5000));
    List<String> equal = List.of("x".repeat(5000));

    lists.shared(large);

    assertThat(lists.shared(equal)).isSameAs(equal);
  }
}
