package io.dragonfly.common.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class FairBucketTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long RATE = 10_000_000;
  private static final Percentage FIVE_PERCENT = Percentage.withPercentage(5);

  // Near its end a clock runs over, as System.nanoTime may.
  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - SECOND);
  private final FairBucket bucket = new FairBucket(RATE, clock::get);
  private final List<Mover> movers = new ArrayList<>();

  /** A connection that moves a grain when it is paid, and takes the next at once. */
  private final class Mover {
    private final Pace pace;

    /** What it takes beside the limit: nanoseconds for each byte. */
    private final double slowness;

    private long wakesAt = clock.get();
    private int taken;
    private long moved;
    private boolean gone;

    Mover(Pace pace, double slowness) {
      this.pace = pace;
      this.slowness = slowness;
      movers.add(this);
    }

    void move() {
      moved += taken;
      taken = pace.grain(256 * 1024);
      wakesAt = clock.get() + Math.max(pace.reserve(taken), (long) (taken * slowness));
    }

    long movedIn(long nanos) {
      long before = moved;
      run(nanos);
      return moved - before;
    }
  }

  private Mover greedy(Object payer) {
    return new Mover(bucket.paceOf(payer), 0);
  }

  private Mover slow(Object payer, long bytesPerSecond) {
    return new Mover(bucket.paceOf(payer), 1e9 / bytesPerSecond);
  }

  private void run(long nanos) {
    long until = clock.get() + nanos;
    PriorityQueue<Mover> next =
        new PriorityQueue<>(Comparator.comparingLong(mover -> mover.wakesAt - until));
    movers.stream().filter(mover -> !mover.gone).forEach(next::add);
    while (!next.isEmpty() && next.element().wakesAt - until < 0) {
      Mover mover = next.remove();
      clock.set(mover.wakesAt);
      mover.move();
      next.add(mover);
    }
    clock.set(until);
  }

  private long moved() {
    return movers.stream().mapToLong(mover -> mover.moved).sum();
  }

  @Test
  void savingsAreSpentFirstThenDebtIsWaitedFor() {
    assertThat(bucket.reserve("a", RATE / 50)).isZero();
    assertThat(bucket.reserve("a", RATE)).isEqualTo(SECOND);
    assertThat(bucket.reserve("a", RATE / 2)).isEqualTo(SECOND + SECOND / 2);

    clock.addAndGet(SECOND);
    assertThat(bucket.reserve("a", 0)).isCloseTo(SECOND / 2, within(10L));
  }

  @Test
  void anIdleBucketSavesUpNoMoreThanItsBurst() {
    bucket.reserve("a", RATE);
    clock.addAndGet(3600 * SECOND);

    assertThat(bucket.reserve("a", RATE + RATE / 50)).isEqualTo(SECOND);
  }

  @Test
  void everySecondBringsTheRateFromTheFirstOn() {
    for (int connection = 0; connection < 16; connection++) {
      greedy("task " + connection % 4);
    }
    for (int second = 0; second < 5; second++) {
      long before = moved();
      run(SECOND);
      assertThat(moved() - before).isCloseTo(RATE, FIVE_PERCENT);
    }
  }

  @Test
  void theRateIsKeptFromATrickleToAFlood() {
    for (long rate : new long[] {64 << 10, 1 << 20, 100 << 20, 10L << 30}) {
      movers.clear();
      bucket.bytesPerSecond(rate);
      clock.addAndGet(60 * SECOND);
      greedy("a");
      greedy("b");
      run(SECOND);
      assertThat(moved()).isCloseTo(rate, FIVE_PERCENT);
    }
  }

  @Test
  void tasksShareEquallyWhateverTheirConnections() {
    Mover one = greedy("one");
    for (int i = 0; i < 8; i++) {
      greedy("many");
    }
    run(SECOND);
    long before = moved();

    long ofOne = one.movedIn(SECOND);
    assertThat(ofOne).isCloseTo(RATE / 2, FIVE_PERCENT);
    assertThat(moved() - before - ofOne).isCloseTo(RATE / 2, FIVE_PERCENT);
  }

  @Test
  void whoJoinsHasItsShareWithinASecond() {
    Mover first = greedy("first");
    run(10 * SECOND);
    Mover second = greedy("second");

    assertThat(second.movedIn(SECOND)).isCloseTo(RATE / 2, FIVE_PERCENT);
    assertThat(first.movedIn(SECOND)).isCloseTo(RATE / 2, FIVE_PERCENT);

    second.gone = true;
    assertThat(first.movedIn(SECOND)).isCloseTo(RATE, FIVE_PERCENT);
  }

  @Test
  void whatOneLeavesTheOthersHave() {
    Mover slow = slow("slow", RATE / 10);
    Mover one = greedy("one");
    Mover two = greedy("two");
    run(SECOND);
    long before = one.moved;
    long beforeTwo = two.moved;

    assertThat(slow.movedIn(2 * SECOND)).isCloseTo(RATE / 5, FIVE_PERCENT);
    assertThat(one.moved - before).isCloseTo(RATE * 9 / 10, FIVE_PERCENT);
    assertThat(two.moved - beforeTwo).isCloseTo(RATE * 9 / 10, FIVE_PERCENT);
  }

  @Test
  void anotherRateHoldsWithinASecond() {
    Mover mover = greedy("a");
    run(SECOND);
    bucket.bytesPerSecond(4 * RATE);
    assertThat(mover.movedIn(SECOND)).isCloseTo(4 * RATE, FIVE_PERCENT);

    bucket.bytesPerSecond(RATE / 4);
    assertThat(mover.movedIn(SECOND)).isCloseTo(RATE / 4, FIVE_PERCENT);
  }

  @Test
  void withoutALimitNothingIsRemembered() {
    bucket.reserve("a", 100 * RATE);
    bucket.bytesPerSecond(FairBucket.UNLIMITED);

    assertThat(bucket.reserve("a", Long.MAX_VALUE)).isZero();
    assertThat(bucket.grain(1 << 20)).isEqualTo(1 << 20);

    bucket.bytesPerSecond(RATE);
    assertThat(bucket.reserve("a", RATE)).isBetween(SECOND - SECOND / 50, SECOND);
  }

  @Test
  void theStrictestOfSeveralCounts() {
    FairBucket own = new FairBucket(RATE / 10, clock::get);
    Mover limited = new Mover(Pace.allOf(List.of(bucket.paceOf("a"), own.paceOf("a"))), 0);
    Mover other = greedy("b");
    run(SECOND);

    assertThat(limited.moved).isCloseTo(RATE / 10, FIVE_PERCENT);
    assertThat(other.moved).isCloseTo(RATE * 9 / 10, FIVE_PERCENT);
    assertThat(Pace.allOf(List.of())).isSameAs(Pace.FREE);
  }

  @Test
  void aRateBelowOneAndBytesBelowZeroAreRefused() {
    assertThatThrownBy(() -> new FairBucket(0, clock::get))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("rate 0");
    assertThatThrownBy(() -> bucket.bytesPerSecond(-1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> bucket.reserve("a", -1)).isInstanceOf(IllegalArgumentException.class);
  }
}
