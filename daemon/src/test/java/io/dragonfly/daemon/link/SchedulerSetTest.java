package io.dragonfly.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.TaskId;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SchedulerSetTest {
  private static final InetSocketAddress ONE = new InetSocketAddress("10.0.0.1", 8002);
  private static final InetSocketAddress TWO = new InetSocketAddress("10.0.0.2", 8002);
  private static final InetSocketAddress THREE = new InetSocketAddress("10.0.0.3", 8002);

  /** Upstream's clients pick the first for this prefix. */
  private static final TaskId TASK = new TaskId("12345");

  private final AtomicLong now = new AtomicLong();
  private final SchedulerSet set = new SchedulerSet(Duration.ofSeconds(10), now::get);

  @Test
  void aTaskGoesWhereEveryPeerSendsItThenAroundTheRing() {
    assertThat(set.inOrder(TASK)).isEmpty();
    assertThat(set.replace(List.of(ONE, TWO, THREE))).containsExactly(ONE, TWO, THREE);
    assertThat(set.inOrder(TASK)).startsWith(ONE).containsExactlyInAnyOrder(ONE, TWO, THREE);
    assertThat(set.isPicked(ONE, TASK)).isTrue();
    assertThat(set.isPicked(TWO, TASK)).isFalse();
  }

  @Test
  void aSchedulerThatDidNotAnswerComesLastForAWhile() {
    set.replace(List.of(ONE, TWO, THREE));
    set.failed(ONE);
    assertThat(set.inOrder(TASK)).endsWith(ONE).hasSize(3);
    now.addAndGet(Duration.ofSeconds(10).toNanos());
    assertThat(set.inOrder(TASK)).startsWith(ONE);
    set.failed(ONE);
    set.announced(ONE, false);
    assertThat(set.inOrder(TASK)).startsWith(ONE);
  }

  @Test
  void theExtensionIsLearnedAndNeverAssumed() {
    set.replace(List.of(ONE, TWO));
    assertThat(set.hasExtension(ONE)).isFalse();
    assertThat(set.isAnnounced(ONE)).isFalse();
    set.announced(ONE, true);
    assertThat(set.hasExtension(ONE)).isTrue();
    assertThat(set.isAnnounced(ONE)).isTrue();
    set.forgotten(ONE);
    assertThat(set.hasExtension(ONE)).isFalse();
    assertThat(set.isAnnounced(ONE)).isFalse();
  }

  @Test
  void aSchedulerThatDidNotAnswerHearsOfThisHostAnew() {
    set.replace(List.of(ONE));
    set.announced(ONE, true);
    set.failed(ONE);
    assertThat(set.isAnnounced(ONE)).isFalse();
    assertThat(set.hasExtension(ONE)).isFalse();
  }

  @Test
  void whatLeftTheListIsForgotten() {
    set.replace(List.of(ONE, TWO));
    set.announced(ONE, true);
    assertThat(set.replace(List.of(TWO, THREE))).containsExactly(THREE);
    assertThat(set.replace(List.of(ONE, TWO))).containsExactly(ONE);
    assertThat(set.isAnnounced(ONE)).isFalse();
  }
}
