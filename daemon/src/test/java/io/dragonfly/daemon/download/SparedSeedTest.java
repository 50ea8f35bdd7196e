package io.dragonfly.daemon.download;

import static io.dragonfly.daemon.download.Machine.joined;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Peers share what a seed sends, so that it sends each piece about once. */
class SparedSeedTest {
  private static final int PIECES = 8;
  private static final Duration LONGEST_TURN = Duration.ofMillis(250);

  private static void begins(Machine machine, String name, int... pieces) {
    for (int piece : pieces) {
      machine.give(
          new Event.ParentFeatures(machine.sync(name), true),
          new Event.ParentBegins(machine.sync(name), piece, "10.0.0.1", 4001));
    }
  }

  private static List<Integer> askedOf(Machine machine, String name) {
    return machine.all(Action.Fetch.class).stream()
        .filter(fetch -> fetch.parent().equals(Machine.parent(name)))
        .map(Action.Fetch::piece)
        .sorted()
        .toList();
  }

  @Test
  void aSeedIsAskedForWhatNoPeerOffers() {
    Machine machine = joined(PIECES);
    machine.parents("seed", "a", "b", "c");
    begins(machine, "a", 0);
    begins(machine, "b", 2);
    begins(machine, "c", 1);
    machine.announce("seed", 0, 1, 2, 3);
    machine.after(LONGEST_TURN);

    assertThat(askedOf(machine, "seed")).containsExactly(3);
    assertThat(askedOf(machine, "a")).containsExactly(0);
    assertThat(askedOf(machine, "b")).containsExactly(2);
    assertThat(askedOf(machine, "c")).containsExactly(1);
  }

  @Test
  void whoHearsOfAPieceAtTheSeedWaitsForItsTurnAndLooksAgain() {
    Machine machine = joined(PIECES);
    machine.parents("seed", "a", "b");
    machine.announce("seed", 5);
    assertThat(machine.all(Action.Fetch.class)).as("others may ask first").isEmpty();

    begins(machine, "a", 5);
    machine.after(LONGEST_TURN);
    assertThat(askedOf(machine, "a")).containsExactly(5);
    assertThat(askedOf(machine, "seed")).isEmpty();
  }

  @Test
  void theTurnComes() {
    Machine machine = joined(PIECES);
    machine.parents("seed", "a", "b");
    machine.announce("seed", 5);
    machine.after(LONGEST_TURN);
    assertThat(askedOf(machine, "seed")).containsExactly(5);
  }

  @Test
  void withoutPeersToShareWithNobodyWaits() {
    Machine machine = joined(PIECES);
    machine.parents("seed", "a");
    machine.announce("seed", 5);
    assertThat(askedOf(machine, "seed")).containsExactly(5);
  }

  @Test
  void contentOfFewPiecesIsNotWaitedFor() {
    Machine machine = joined(2);
    machine.parents("seed", "a", "b");
    machine.announce("seed", 0, 1);
    assertThat(askedOf(machine, "seed")).containsExactly(0, 1);
  }

  @Test
  void aSeedHelpsWhoGetsNothingFromPeers() {
    Machine machine = joined(1);
    machine.parents("seed", "a", "b");
    begins(machine, "a", 0);
    machine.announce("seed", 0);
    assertThat(askedOf(machine, "a")).containsExactly(0);
    machine.give(
        new Event.FetchFailed(machine.fetchOf(0).fetch(), Reason.MISSING, "its source went"));

    assertThat(askedOf(machine, "seed")).containsExactly(0);
  }

  @Test
  void aSeedIsNotSparedWhatAPeerSendsTooSlowly() {
    Machine machine = joined(3);
    machine.parents("slow", "seed");
    machine.announce("seed", 0);
    machine.after(Duration.ofMillis(10));
    machine.fetched(0);
    machine.announce("slow", 1);
    machine.announce("seed", 1);
    assertThat(askedOf(machine, "slow")).containsExactly(1);

    Action.Fetch slow = machine.fetchOf(1);
    machine.give(new Event.FetchStarted(slow.fetch()));
    machine.after(Duration.ofSeconds(4));
    assertThat(machine.all(Action.AbortFetch.class)).hasSize(1);
    machine.give(new Event.FetchFailed(slow.fetch(), Reason.CANCELLED, "aborted"));
    assertThat(askedOf(machine, "seed")).containsExactly(0, 1);
  }

  /** Of many few go at once; who is left over does not wait for ever. */
  @Test
  void whoWaitsForASlowRelayGoesToTheSeedInTheEnd() {
    Machine machine = joined(PIECES);
    machine.parents("a", "b", "c", "d", "seed");
    machine.announce("seed", 0);
    machine.after(Duration.ofMillis(250));
    machine.fetched(0);
    begins(machine, "a", 1);
    begins(machine, "b", 2);
    begins(machine, "c", 3);
    begins(machine, "d", 4);
    machine.announce("seed", 1, 2, 3, 4);
    for (int piece = 1; piece <= 4; piece++) {
      machine.give(new Event.FetchStarted(machine.fetchOf(piece).fetch()));
    }
    for (int second = 0; second < 40; second++) {
      machine.after(Duration.ofSeconds(1));
    }
    assertThat(machine.all(Action.AbortFetch.class)).hasSize(4);
  }

  /** What is relayed says nothing about a parent's speed, so it may be unknown to the end. */
  @Test
  void theLastPieceIsTakenOverByAParentThatOnlyPassedOnOthers() {
    Machine machine = joined(2);
    machine.parents("a", "slow");
    begins(machine, "a", 0);
    begins(machine, "slow", 1);
    machine.fetched(0);
    machine.announce("a", 1);
    Action.Fetch slow = machine.fetchOf(1);
    machine.give(new Event.FetchStarted(slow.fetch()), new Event.FetchProgress(slow.fetch(), 1000));
    for (int second = 0; second < 3; second++) {
      machine.after(Duration.ofSeconds(1));
    }
    assertThat(machine.all(Action.AbortFetch.class))
        .containsExactly(new Action.AbortFetch(slow.fetch()));
  }

  @Test
  void relaysHaveAWindowOfTheirOwn() {
    Machine machine = joined(PIECES);
    machine.parents("a");
    begins(machine, "a", 0, 1, 2, 3, 4);
    machine.announce("a", 5, 6, 7);

    List<Integer> asked = askedOf(machine, "a");
    assertThat(asked).hasSize(Parent.MOST_RELAYS + Parent.FIRST_REQUESTS);
    assertThat(asked.stream().filter(piece -> piece > 4)).hasSize(Parent.FIRST_REQUESTS);
  }

  @Test
  void inACrowdOneParentIsAskedForLittleAtATime() {
    Machine machine = joined(PIECES);
    machine.parents("a", "b", "c", "d");
    machine.announce("a", 0, 1, 2, 3, 4, 5, 6, 7);
    List<Integer> first = askedOf(machine, "a");
    assertThat(first).hasSize(1);
    first.forEach(machine::fetched);
    assertThat(askedOf(machine, "a")).as("one done, one under way").hasSize(2);
  }
}
