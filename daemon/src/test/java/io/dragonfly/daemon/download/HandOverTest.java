package io.dragonfly.daemon.download;

import static io.dragonfly.daemon.download.Machine.joined;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What parents send too slowly comes from others, above all at the end. */
class HandOverTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private static void hears(Machine machine, String name, boolean ours, int... pieces) {
    machine.give(new Event.ParentFeatures(machine.sync(name), ours));
    for (int piece : pieces) {
      machine.give(new Event.ParentPiece(machine.sync(name), piece, "10.0.0.1", 4001));
    }
  }

  /** The parent brings the piece in a second: so much is expected of it from then on. */
  private static void takesASecond(Machine machine, String name, boolean ours, int piece) {
    hears(machine, name, ours, piece);
    Action.Fetch fetch = machine.fetchOf(piece);
    machine.give(new Event.FetchStarted(fetch.fetch()));
    machine.after(SECOND);
    machine.give(
        new Event.FetchProgress(fetch.fetch(), Machine.PIECE),
        new Event.FetchDone(fetch.fetch(), Machine.stored(piece, true)));
  }

  private static Action.Fetch begins(Machine machine, String name, int piece) {
    Action.Fetch fetch = machine.fetchOf(piece);
    assertThat(fetch.parent()).isEqualTo(Machine.parent(name));
    machine.give(new Event.FetchStarted(fetch.fetch()));
    return fetch;
  }

  private static void givenUp(Machine machine, Action.Fetch fetch) {
    machine.give(new Event.FetchFailed(fetch.fetch(), Reason.CANCELLED, "aborted"));
  }

  private static boolean isAborted(Machine machine, Action.Fetch fetch) {
    return machine.all(Action.AbortFetch.class).contains(new Action.AbortFetch(fetch.fetch()));
  }

  /** Three fifths came at once and nothing since: what is left takes the other 0.4 s. */
  private static Machine withMostOfTheLastPiece(boolean ours) {
    Machine machine = joined(2);
    machine.parents("slow", "fast");
    takesASecond(machine, "fast", ours, 0);
    hears(machine, "slow", ours, 1);
    Action.Fetch slow = begins(machine, "slow", 1);
    machine.after(Duration.ofMillis(10));
    machine.give(new Event.FetchProgress(slow.fetch(), Machine.PIECE * 6 / 10));
    hears(machine, "fast", ours, 1);
    return machine;
  }

  @Test
  void onlyMissingBlocksCountWhereTheOthersAreKept() {
    Machine machine = withMostOfTheLastPiece(true);
    Action.Fetch slow = machine.fetchOf(1);
    machine.after(SECOND);
    assertThat(isAborted(machine, slow)).as("it would save too little").isFalse();
    machine.after(SECOND.multipliedBy(2));
    assertThat(isAborted(machine, slow)).isTrue();
    givenUp(machine, slow);
    assertThat(machine.fetchOf(1).parent()).isEqualTo(Machine.parent("fast"));
  }

  @Test
  void theWholePieceCountsWhereNothingIsKept() {
    Machine machine = withMostOfTheLastPiece(false);
    machine.after(SECOND.multipliedBy(3));
    assertThat(machine.all(Action.AbortFetch.class)).isEmpty();
  }

  @Test
  void aPieceThatCameToAnotherSlowParentChangesHandsAgainAfterALongerWait() {
    Machine machine = joined(2);
    machine.parents("slow", "slower", "fast");
    takesASecond(machine, "fast", true, 0);
    hears(machine, "slow", true, 1);
    Action.Fetch first = begins(machine, "slow", 1);
    hears(machine, "slower", true, 1);
    machine.after(SECOND);
    assertThat(isAborted(machine, first)).isTrue();
    givenUp(machine, first);

    Action.Fetch second = begins(machine, "slower", 1);
    hears(machine, "fast", true, 1);
    machine.after(Duration.ofMillis(900));
    assertThat(isAborted(machine, second)).isFalse();
    machine.after(SECOND);
    assertThat(isAborted(machine, second)).isTrue();
    givenUp(machine, second);
    assertThat(machine.fetchOf(1).parent()).isEqualTo(Machine.parent("fast"));
  }

  /** Of many parents one is asked for one piece at a time. */
  private static Machine withAPieceThatWaitsForASlowParent() {
    Machine machine = joined(4);
    machine.parents("slow", "fast", "b", "c");
    takesASecond(machine, "fast", true, 0);
    takesASecond(machine, "fast", true, 3);
    hears(machine, "slow", true, 1);
    Action.Fetch slow = begins(machine, "slow", 1);
    machine.give(new Event.FetchProgress(slow.fetch(), 1000));
    hears(machine, "fast", true, 1);
    return machine;
  }

  @Test
  void theEndHasComeAlsoWhereAPieceWaitsForASlowParent() {
    Machine machine = withAPieceThatWaitsForASlowParent();
    Action.Fetch slow = machine.fetchOf(1);
    hears(machine, "slow", true, 2);
    assertThat(machine.all(Action.Fetch.class)).extracting(Action.Fetch::piece).doesNotContain(2);
    machine.after(SECOND);
    assertThat(isAborted(machine, slow)).isTrue();
    givenUp(machine, slow);
    assertThat(machine.fetchOf(1).parent()).isEqualTo(Machine.parent("fast"));
    machine.after(SECOND);
    assertThat(machine.fetchOf(2).parent()).isEqualTo(Machine.parent("slow"));
  }

  @Test
  void theEndHasNotComeWhilePiecesAreStillToBeHeardOf() {
    Machine machine = withAPieceThatWaitsForASlowParent();
    machine.after(SECOND);
    assertThat(machine.all(Action.AbortFetch.class)).isEmpty();
  }

  @Test
  void aParentThatStallsMidwayIsLeftWithinSeconds() {
    Machine machine = withAPieceThatWaitsForASlowParent();
    Action.Fetch stalled = machine.fetchOf(1);
    machine.after(SECOND.multipliedBy(5));
    assertThat(isAborted(machine, stalled)).isTrue();
    givenUp(machine, stalled);
    assertThat(machine.fetchOf(1).parent()).isEqualTo(Machine.parent("fast"));
  }

  @Test
  void aParentThatStallsAtTheEndIsLeftWithinASecond() {
    Machine machine = joined(2);
    machine.parents("stalled", "fast");
    takesASecond(machine, "fast", true, 0);
    hears(machine, "stalled", true, 1);
    Action.Fetch stalled = begins(machine, "stalled", 1);
    hears(machine, "fast", true, 1);
    machine.after(SECOND);
    assertThat(isAborted(machine, stalled)).isTrue();
    givenUp(machine, stalled);
    assertThat(machine.fetchOf(1).parent()).isEqualTo(Machine.parent("fast"));
  }
}
