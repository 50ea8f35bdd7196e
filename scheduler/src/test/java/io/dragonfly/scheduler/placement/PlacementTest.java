package io.dragonfly.scheduler.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.scheduler.placement.Rating.Place;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class PlacementTest {
  private static final HostId BAD = new HostId("bad");
  private static final HostId A = new HostId("a");
  private static final HostId B = new HostId("b");

  @Test
  void slotsAreBoundedAndWhoeverFoundNoneIsNamedAtTheRelease() {
    UploadSlots slots = new UploadSlots(1);
    assertThat(slots.tryReserve(new TaskId("t1"))).isTrue();
    assertThat(slots.tryReserve(new TaskId("t2"))).isFalse();
    assertThat(slots.release()).containsExactly(new TaskId("t2"));
    assertThat(slots.used()).isZero();
    assertThatThrownBy(slots::release).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aHigherLimitWakesThoseWhoWaitedAndALowerOneKeepsWhatIsReserved() {
    UploadSlots slots = new UploadSlots(1);
    assertThat(slots.tryReserve(new TaskId("t1"))).isTrue();
    assertThat(slots.tryReserve(new TaskId("t2"))).isFalse();
    assertThat(slots.limit(2)).containsExactly(new TaskId("t2"));
    assertThat(slots.tryReserve(new TaskId("t2"))).isTrue();
    assertThat(slots.limit(1)).isEmpty();
    assertThat(slots.used()).isEqualTo(2);
    assertThat(slots.release()).isEmpty();
    assertThat(slots.tryReserve(new TaskId("t3"))).isFalse();
  }

  @Test
  void aSampleHasDifferentItemsAndEveryItemHasItsChance() {
    RandomSet<Integer> set = new RandomSet<>();
    for (int i = 0; i < 100; i++) {
      assertThat(set.add(i)).isTrue();
    }
    assertThat(set.add(7)).isFalse();
    assertThat(set.remove(7)).isTrue();
    assertThat(set.remove(7)).isFalse();
    SplittableRandom random = new SplittableRandom(1);
    Set<Integer> seen = new HashSet<>();
    for (int round = 0; round < 200; round++) {
      List<Integer> sample = set.sample(10, random);
      assertThat(sample).hasSize(10).doesNotHaveDuplicates().doesNotContain(7);
      seen.addAll(sample);
    }
    assertThat(seen).hasSize(99);
    assertThat(set.sample(1000, random)).hasSize(99);
  }

  @Test
  void piecesAreCountedOverPartialAndCompleteHolders() {
    PieceCounts counts = new PieceCounts();
    BitSet some = new BitSet();
    some.set(0);
    some.set(2);
    counts.add(some);
    counts.add(1);
    assertThat(counts.coversAll(3)).isTrue();
    assertThat(counts.coversAll(4)).isFalse();
    counts.remove(some);
    assertThat(counts.covers(0)).isFalse();
    assertThat(counts.held(4).cardinality()).isEqualTo(1);
    counts.addComplete();
    assertThat(counts.coversAll(4)).isTrue();
    assertThat(counts.held(4).cardinality()).isEqualTo(4);
    counts.removeComplete();
    assertThat(counts.complete()).isZero();
    assertThatThrownBy(() -> counts.remove(some)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aSecondQuarantineForWrongBytesLastsTwiceAsLong() {
    Quarantine quarantine = new Quarantine(Quarantine.Rules.defaults());
    assertThat(quarantine.corrupt(BAD, A, false, 0)).isEmpty();
    assertThat(quarantine.corrupt(BAD, A, false, 1)).isEmpty();
    assertThat(quarantine.corrupt(BAD, B, false, 2)).hasValue(600_002);
    assertThat(quarantine.contains(BAD, 600_001)).isTrue();
    assertThat(quarantine.expire(600_002)).containsExactly(BAD);
    assertThat(quarantine.corrupt(BAD, A, true, 700_000)).hasValue(700_000 + 1_200_000);
  }

  @Test
  void reportsThatAreOldCountNoMore() {
    Quarantine quarantine = new Quarantine(Quarantine.Rules.defaults());
    long halfADay = 12 * 3_600_000L;
    assertThat(quarantine.corrupt(BAD, A, false, 0)).isEmpty();
    assertThat(quarantine.corrupt(BAD, B, false, halfADay + 1)).isEmpty();
    assertThat(quarantine.unreachable(A, B, 0)).isEmpty();
    assertThat(quarantine.unreachable(A, BAD, 0)).isEmpty();
    assertThat(quarantine.unreachable(A, new HostId("c"), 60_001)).isEmpty();
  }

  @Test
  void placesCountWithoutRegardToCase() {
    SplittableRandom random = new SplittableRandom(1);
    Place child = new Place("EAST", "eu|de|fra");
    double near = 0;
    double far = 0;
    for (int i = 0; i < 1000; i++) {
      near += Rating.of(child, new Place("east", "EU|DE|muc"), 0, random);
      far += Rating.of(child, new Place("west", "us"), 0, random);
    }
    assertThat(near - far).isBetween(600.0, 760.0);
  }
}
