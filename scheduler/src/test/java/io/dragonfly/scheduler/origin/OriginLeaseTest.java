package io.dragonfly.scheduler.origin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class OriginLeaseTest {
  private static final PeerId PEER = new PeerId("peer");
  private static final HostId SEED = new HostId("seed");
  private final OriginLease lease = new OriginLease(OriginLease.Rules.defaults());

  @Test
  void thereIsOneHolder() {
    lease.grant(PEER, true, 0, 0);
    assertThatThrownBy(() -> lease.grant(new PeerId("other"), true, 0, 0))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> lease.trigger(SEED, 1, true, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theTriggerStaysWithTheLeaseOfItsSeed() {
    lease.trigger(SEED, 7, true, 0);
    assertThat(lease.isTriggered(SEED)).isTrue();
    assertThat(lease.deadline()).isEqualTo(5_000);
    lease.grant(PEER, true, 0, 100);
    assertThat(lease.trigger()).hasValue(7);
    assertThat(lease.isHeldBy(PEER)).isTrue();
    lease.release(false);
    assertThat(lease.isFree()).isTrue();
    assertThat(lease.deadline()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void aPeerThatReportsWholePiecesHasTimeForAPiece() {
    lease.grant(PEER, false, 64L << 20, 0);
    assertThat(lease.isOverdue(30_000 + 256_000 - 1)).isFalse();
    assertThat(lease.isOverdue(30_000 + 256_000)).isTrue();
  }

  @Test
  void whoDoesNotAnswerLosesItSoon() {
    lease.grant(PEER, true, 0, 0);
    lease.release(true);
    lease.grant(PEER, true, 0, 0);
    assertThat(lease.deadline()).isEqualTo(5_000);
    lease.bytesRead(PEER, 0, 1_000);
    assertThat(lease.deadline()).isEqualTo(41_000);
    lease.bytesRead(PEER, 0, 2_000);
    assertThat(lease.deadline()).isEqualTo(41_000);
  }

  @Test
  void patienceGrowsWithEachTurnAndEndsWithAPiece() {
    assertThat(deadlineOfOneThatAnswers()).isEqualTo(20_000);
    lease.release(true);
    assertThat(deadlineOfOneThatAnswers()).isEqualTo(40_000);
    lease.pieceRead(PEER, 10_000);
    lease.release(true);
    assertThat(deadlineOfOneThatAnswers()).isEqualTo(40_000);
    lease.pieceRead(PEER, 0);
    lease.release(false);
    assertThat(deadlineOfOneThatAnswers()).isEqualTo(20_000);
  }

  private long deadlineOfOneThatAnswers() {
    lease.grant(PEER, true, 0, 0);
    lease.bytesRead(PEER, 0, 0);
    return lease.deadline();
  }

  @Test
  void onlyMoreBytesAreProgress() {
    lease.grant(PEER, true, 0, 0);
    lease.bytesRead(PEER, 100, 15_000);
    assertThat(lease.deadline()).isEqualTo(25_000);
    lease.bytesRead(PEER, 100, 20_000);
    assertThat(lease.deadline()).isEqualTo(25_000);
    lease.bytesRead(new PeerId("other"), 200, 20_000);
    assertThat(lease.deadline()).isEqualTo(25_000);
  }

  @Test
  void aSeedThatGoesMovesOnlyItsOwnTasks() {
    List<HostId> all = List.of(new HostId("s1"), new HostId("s2"), new HostId("s3"));
    List<HostId> two = List.of(new HostId("s3"), new HostId("s1"));
    Set<HostId> used = new HashSet<>();
    for (int i = 0; i < 300; i++) {
      TaskId task = new TaskId("task-" + i);
      HostId before = SeedChoice.choose(task, all).orElseThrow();
      HostId after = SeedChoice.choose(task, two).orElseThrow();
      used.add(before);
      if (!before.value().equals("s2")) {
        assertThat(after).isEqualTo(before);
      }
    }
    assertThat(used).hasSize(3);
    assertThat(SeedChoice.choose(new TaskId("t"), List.of())).isEmpty();
  }

  @Test
  void someRefusalsAreForGoodAndOthersPass() {
    for (int status : new int[] {400, 401, 403, 404, 410}) {
      assertThat(failure(status).isPermanent()).as("status " + status).isTrue();
    }
    for (int status : new int[] {408, 416, 425, 429, 500, 503}) {
      assertThat(failure(status).isPermanent()).as("status " + status).isFalse();
    }
    assertThat(OriginFailure.unknown("reset").isPermanent()).isFalse();
  }

  private static OriginFailure failure(int status) {
    return OriginFailure.found(OptionalInt.of(status), Map.of(), "");
  }
}
