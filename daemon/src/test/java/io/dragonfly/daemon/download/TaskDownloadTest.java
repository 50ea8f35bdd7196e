package io.dragonfly.daemon.download;

import static io.dragonfly.daemon.download.Machine.REQUEST;
import static io.dragonfly.daemon.download.Machine.bits;
import static io.dragonfly.daemon.download.Machine.content;
import static io.dragonfly.daemon.download.Machine.joined;
import static io.dragonfly.daemon.download.Machine.root;
import static io.dragonfly.daemon.download.Machine.roots;
import static io.dragonfly.daemon.download.Machine.stored;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.link.ParentInfo;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.daemon.source.OriginException.Kind;
import io.dragonfly.daemon.transfer.FetchLimits;
import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Each rule of a download, one by one. */
class TaskDownloadTest {
  // The cache.

  @Test
  void whatIsHeldIsGivenWithoutAScheduler() {
    Machine machine = new Machine();
    machine.give(
        new Event.TaskOpened(0, content(2), bits(0, 1), roots(2)), new Event.Attach(1, REQUEST));

    assertThat(machine.all(Action.OpenLink.class)).isEmpty();
    assertThat(machine.last(Action.Started.class).cached())
        .isEqualTo(content(2).length().orElseThrow());
    assertThat(machine.last(Action.Finished.class).summary().bytes())
        .isEqualTo(new ByteCounts(2 * Machine.PIECE, 0, 0, 0));
    assertThat(machine.download.isDone()).isTrue();
  }

  @Test
  void aPartThatIsHeldIsGivenWithoutAScheduler() {
    Machine machine = new Machine();
    machine.give(
        new Event.TaskOpened(0, content(3), bits(1), Map.of(1, root(1))),
        new Event.Attach(1, Requests.withRange(REQUEST, "bytes=1048576-1048577")));

    assertThat(machine.all(Action.OpenLink.class)).isEmpty();
    assertThat(machine.last(Action.Finished.class).summary().bytes().cache()).isEqualTo(2);
  }

  @Test
  void aSeedThatHoldsAllTellsTheSchedulerThatAskedForIt() {
    Machine machine = new Machine();
    machine.give(
        new Event.TaskOpened(0, content(1), bits(0), roots(1)),
        new Event.Attach(1, Requests.triggered(REQUEST)));
    assertThat(machine.all(Action.Finished.class)).hasSize(1);
    machine.ready(true);

    assertThat(machine.reports(PeerReport.Register.class)).hasSize(1);
    assertThat(machine.reports(PeerReport.Register.class).getFirst().holderOnly()).isTrue();
    assertThat(machine.reports(PeerReport.Finished.class)).hasSize(1);
    assertThat(machine.download.isDone()).isTrue();
  }

  @Test
  void aPartialTaskIsResumedWithWhatIsHeld() {
    Machine machine = new Machine();
    machine.give(
        new Event.TaskOpened(0, content(3), bits(0, 2), Map.of(0, root(0))),
        new Event.Attach(1, REQUEST));
    machine.ready(true);

    PeerReport.Register register = machine.reports(PeerReport.Register.class).getFirst();
    assertThat(register.content()).contains(content(3));
    assertThat(register.pieces()).isEqualTo(bits(0, 2));
    assertThat(register.roots()).isEqualTo(Map.of(0, root(0)));
  }

  // Our scheduler, and a Go scheduler.

  @Test
  void ourSchedulerIsToldAtOnceAndTheOriginIsNotTouched() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);

    assertThat(machine.reports(PeerReport.Register.class)).hasSize(1);
    assertThat(machine.all(Action.LookAtOrigin.class)).isEmpty();
  }

  @Test
  void aGoSchedulerIsToldTheLengthThatTheOriginSaid() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(false);
    assertThat(machine.reports(PeerReport.Register.class)).isEmpty();
    machine.head(OptionalLong.of(8 * Machine.PIECE), "v1", true);
    assertThat(machine.all(Action.StopRead.class)).as("the body is not read").hasSize(1);
    machine.opened();

    assertThat(machine.reports(PeerReport.Register.class).getFirst().content())
        .contains(content(8));
  }

  @Test
  void underAGoSchedulerSmallContentComesStraightFromTheOrigin() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(false);
    machine.head(OptionalLong.of(4 * Machine.PIECE), "v1", true);
    machine.opened();

    assertThat(machine.reports(PeerReport.Register.class)).isEmpty();
    assertThat(machine.last(Action.LookAtOrigin.class).length()).isEqualTo(1);
    assertThat(machine.last(Action.ReadOrigin.class).first()).isZero();
    assertThat(machine.last(Action.ReadOrigin.class).last()).isEqualTo(3);
    assertThat(machine.all(Action.CloseLink.class)).hasSize(1);
  }

  @Test
  void contentOfUnknownLengthIsNotRegisteredAtAGoScheduler() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(false);
    machine.head(OptionalLong.empty(), "v1", false);
    machine.opened();

    assertThat(machine.all(Action.TakeStream.class)).hasSize(1);
    assertThat(machine.reports(PeerReport.Register.class)).isEmpty();
  }

  @Test
  void aGoSchedulerIsAskedForOtherParentsFiveTimesAndThenTheOriginIsRead() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(false);
    machine.head(OptionalLong.of(8 * Machine.PIECE), "v1", true);
    machine.opened();
    for (int answer = 0; answer < 5; answer++) {
      machine.parents("p" + answer);
      assertThat(machine.all(Action.ReadOrigin.class)).isEmpty();
      machine.after(Duration.ofSeconds(15));
    }

    assertThat(machine.reports(PeerReport.ParentsWanted.class)).hasSize(4);
    assertThat(machine.all(Action.ReadOrigin.class)).isNotEmpty();
  }

  @Test
  void whatAGoSchedulerRefusesIsReadAtTheOriginAtOnceAndNotAskedForAgain() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(false);
    machine.head(OptionalLong.of(8 * Machine.PIECE), "v1", true);
    machine.opened();
    machine.order(new SwarmOrder.Ended("FAILED_PRECONDITION", "LEVEL1 peer is forbidden"));

    assertThat(machine.all(Action.ReadOrigin.class)).as("without waiting").isNotEmpty();
    machine.after(Duration.ofSeconds(20));
    assertThat(machine.all(Action.OpenLink.class)).as("its word is the last").hasSize(1);
  }

  @Test
  void whatAGoSchedulerRefusesToThoseWhoMayNotReadTheOriginIsTheirAnswer() {
    Machine machine = new Machine();
    machine.attach(1, Requests.withoutOrigin(REQUEST));
    machine.ready(false);
    machine.head(OptionalLong.of(8 * Machine.PIECE), "v1", true);
    machine.opened();
    machine.order(new SwarmOrder.Ended("FAILED_PRECONDITION", "LEVEL1 peer is forbidden"));

    Action.Failed failed = machine.last(Action.Failed.class);
    assertThat(failed.failure().code()).isEqualTo(Code.NO_SOURCE);
    assertThat(failed.failure()).hasMessageContaining("LEVEL1 peer is forbidden");
    assertThat(machine.all(Action.ReadOrigin.class)).isEmpty();
  }

  @Test
  void anEmptyTaskEndsAtOnce() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.Empty());
    machine.opened();

    assertThat(machine.last(Action.Started.class).wanted()).isEmpty();
    assertThat(machine.last(Action.Finished.class).summary().bytes().total()).isZero();
    assertThat(machine.reports(PeerReport.Finished.class)).hasSize(1);
  }

  // Parents.

  @Test
  void announcedPiecesAreFetchedAFewAtATimePerParent() {
    Machine machine = joined(8);
    machine.parents("a");
    machine.announce("a", 0, 1, 2, 3, 4, 5, 6, 7);

    assertThat(machine.all(Action.Fetch.class)).hasSize(Parent.FIRST_REQUESTS);
    machine.fetched(machine.all(Action.Fetch.class).get(0).piece());
    assertThat(machine.all(Action.Fetch.class)).hasSize(Parent.FIRST_REQUESTS + 2);
  }

  @Test
  void aRootedTaskNeverAcceptsAPieceWithoutRoot() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.Content(content(2)));
    machine.opened();
    machine.order(new SwarmOrder.Roots(Map.of(0, root(0))));
    machine.parents("a");
    machine.announce("a", 0, 1);

    assertThat(machine.all(Action.Fetch.class)).singleElement().matches(f -> f.piece() == 0);
    machine.order(new SwarmOrder.Roots(Map.of(1, root(1))));
    assertThat(machine.fetchOf(1).root()).contains(root(1));
  }

  @Test
  void aTaskWithoutAnyRootIsFetchedByChecksum() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.Content(content(1)));
    machine.opened();
    machine.parents("a");
    machine.announce("a", 0);
    assertThat(machine.all(Action.Fetch.class)).as("a root may be on its way").isEmpty();
    machine.after(Duration.ofSeconds(4));

    assertThat(machine.fetchOf(0).root()).isEmpty();
  }

  @Test
  void aSchedulerThatIsGoneMayStillHaveRoots() {
    Machine machine = withoutRoots(4);
    machine.parents("a");
    machine.announce("a", 0, 1);
    machine.give(new Event.LinkLost(machine.link(), "gone", false));
    machine.after(Duration.ofSeconds(9));

    assertThat(machine.all(Action.Fetch.class)).as("a checksum proves nothing").isEmpty();
  }

  @Test
  void aParentWithWrongBytesIsReportedAndNeverAskedAgain() {
    Machine machine = joined(8);
    machine.parents("a");
    machine.announce("a", 0, 1, 2, 3);
    Action.Fetch first = machine.all(Action.Fetch.class).get(0);
    Action.Fetch second = machine.all(Action.Fetch.class).get(1);
    machine.forget();
    machine.give(new Event.FetchFailed(first.fetch(), Reason.CORRUPT, "block 3 differs"));

    assertThat(machine.reports(PeerReport.PieceFailed.class))
        .singleElement()
        .matches(report -> report.reason() == PeerReport.FailureReason.CORRUPT);
    assertThat(machine.all(Action.AbortFetch.class))
        .containsExactly(new Action.AbortFetch(second.fetch()));
    assertThat(machine.all(Action.Fetch.class)).isEmpty();
    machine.give(new Event.LinkOrder(1, new SwarmOrder.Parents(List.of(Machine.parent("a")))));
    assertThat(machine.all(Action.Follow.class)).isEmpty();
  }

  @Test
  void aHostThatSentWrongBytesIsNotAskedAsAnotherPeerEither() {
    Machine machine = joined(8);
    machine.parents("a");
    machine.announce("a", 0);
    machine.give(new Event.FetchFailed(machine.fetchOf(0).fetch(), Reason.CORRUPT, "differs"));
    ParentInfo again =
        new ParentInfo(
            new PeerId("a-after-a-restart"), Machine.parent("a").host(), "10.0.0.1", 4000, false);
    machine.order(new SwarmOrder.Parents(List.of(again)));

    assertThat(machine.all(Action.Follow.class))
        .extracting(Action.Follow::parent)
        .doesNotContain(again);
  }

  @Test
  void peersOfOursAreNotAskedBeforeTheRootIsKnown() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.Content(Machine.content(4)));
    machine.opened();
    machine.parents("a");
    machine.announce("a", 0, 1);
    assertThat(machine.all(Action.Fetch.class)).isEmpty();

    machine.order(new SwarmOrder.Roots(Machine.roots(1)));
    assertThat(machine.all(Action.Fetch.class))
        .singleElement()
        .matches(fetch -> fetch.piece() == 0 && fetch.root().isPresent());
  }

  @Test
  void whatOthersHaveIsNoLongerReadAtTheOriginOnceASchedulerIsBack() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.give(new Event.LinkLost(machine.link(), "refused", false));
    machine.after(Duration.ofSeconds(8));
    machine.head(OptionalLong.of(4 * Machine.PIECE), "v1", true);
    machine.opened();
    long read = machine.last(Action.TakeAnswer.class).read();
    machine.after(Duration.ofSeconds(40));
    machine.ready(true);
    machine.order(new SwarmOrder.Roots(Machine.roots(4)));
    machine.parents("a");
    machine.announce("a", 0, 1, 2);
    assertThat(machine.all(Action.StopRead.class)).as("piece 3 is only there").isEmpty();
    machine.announce("a", 3);

    assertThat(machine.all(Action.StopRead.class)).containsExactly(new Action.StopRead(read));
  }

  @Test
  void aPieceThatNobodyPassesOnFastEnoughIsWantedFromWhoHasIt() {
    Machine machine = joined(1);
    machine.parents("a");
    machine.give(
        new Event.ParentFeatures(machine.sync("a"), true),
        new Event.ParentBegins(machine.sync("a"), 0, "10.0.0.1", 4001));
    machine.give(new Event.FetchStarted(machine.fetchOf(0).fetch()));
    machine.after(Duration.ofSeconds(12));

    assertThat(machine.reports(PeerReport.ParentsWanted.class)).isNotEmpty();
  }

  @Test
  void aPieceThatAParentDoesNotHaveIsFetchedElsewhere() {
    Machine machine = joined(1);
    machine.parents("a");
    machine.announce("a", 0);
    machine.give(new Event.FetchFailed(machine.fetchOf(0).fetch(), Reason.MISSING, "gone"));
    machine.parents("a", "b");
    machine.forget();
    assertThat(machine.give(new Event.Tick())).noneMatch(Action.Fetch.class::isInstance);
  }

  @Test
  void whoSentWrongBytesIsNotAskedAgainThoughItHasGoneFromTheListAndComeBack() {
    Machine machine = joined(2);
    machine.parents("a");
    machine.announce("a", 0);
    Action.Fetch asked = machine.fetchOf(0);
    machine.parents("b");
    machine.parents("b", "a");
    machine.announce("a", 0);
    machine.forget();
    machine.give(new Event.FetchFailed(asked.fetch(), Reason.CORRUPT, "wrong"));

    assertThat(machine.all(Action.Fetch.class)).isEmpty();
    assertThat(machine.all(Action.Unfollow.class)).hasSize(1);
  }

  @Test
  void aParentThatTwiceDoesNotAnswerIsLeftAloneAndOthersAreWanted() {
    Machine machine = joined(2);
    machine.parents("a");
    machine.announce("a", 0, 1);
    for (Action.Fetch fetch : List.copyOf(machine.all(Action.Fetch.class))) {
      machine.give(new Event.FetchFailed(fetch.fetch(), Reason.UNREACHABLE, "refused"));
    }

    assertThat(machine.all(Action.Unfollow.class)).hasSize(1);
    assertThat(machine.reports(PeerReport.ParentsWanted.class))
        .singleElement()
        .matches(wanted -> wanted.unwanted().equals(List.of(Machine.parent("a").peer())));
  }

  @Test
  void aParentThatStandsStillIsLeftAtOnceWhereThereIsAnother() {
    Machine machine = joined(2);
    machine.parents("still", "other");
    machine.announce("still", 0);
    Action.Fetch fetch = machine.fetchOf(0);
    machine.give(new Event.FetchStarted(fetch.fetch()), new Event.FetchProgress(fetch.fetch(), 9));
    machine.after(FetchLimits.defaults().stall());
    machine.give(new Event.FetchFailed(fetch.fetch(), Reason.STALLED, "no more bytes"));

    assertThat(machine.all(Action.Unfollow.class)).hasSize(1);
    assertThat(machine.reports(PeerReport.PieceFailed.class))
        .singleElement()
        .matches(failed -> failed.reason() == PeerReport.FailureReason.STALLED);
    machine.announce("other", 0);
    assertThat(machine.fetchOf(0).parent()).isEqualTo(Machine.parent("other"));
  }

  @Test
  void aParentThatStopsMidPieceLosesItWithinTenSecondsWhereAnotherHasIt() {
    Machine machine = joined(2);
    machine.parents("stops", "other");
    machine.announce("stops", 0);
    Action.Fetch fetch = machine.fetchOf(0);
    machine.give(
        new Event.FetchStarted(fetch.fetch()),
        new Event.FetchProgress(fetch.fetch(), Machine.PIECE / 2));
    machine.announce("other", 0);
    machine.after(Duration.ofMillis(8100));

    assertThat(machine.all(Action.AbortFetch.class))
        .containsExactly(new Action.AbortFetch(fetch.fetch()));
    machine.give(new Event.FetchFailed(fetch.fetch(), Reason.CANCELLED, "aborted"));
    assertThat(machine.fetchOf(0).parent()).isEqualTo(Machine.parent("other"));
  }

  @Test
  void theOnlyPieceOfAParentThatHasItIsAskedForWithoutFollowingIt() {
    Machine machine = joined(1);
    machine.order(new SwarmOrder.Parents(List.of(holder("a"))));

    assertThat(machine.all(Action.Follow.class)).isEmpty();
    assertThat(machine.fetchOf(0)).matches(fetch -> fetch.port() == 4005 && fetch.extension());
    machine.give(new Event.FetchFailed(machine.fetchOf(0).fetch(), Reason.MISSING, "not here"));
    assertThat(machine.all(Action.Fetch.class)).hasSize(1);
    assertThat(machine.reports(PeerReport.ParentsWanted.class)).hasSize(1);
  }

  @Test
  void ofSeveralPiecesAParentTellsWhichItHas() {
    Machine machine = joined(2);
    machine.order(new SwarmOrder.Parents(List.of(holder("a"))));

    assertThat(machine.all(Action.Fetch.class)).isEmpty();
    assertThat(machine.all(Action.Follow.class)).hasSize(1);
  }

  private static ParentInfo holder(String name) {
    ParentInfo parent = Machine.parent(name);
    return new ParentInfo(
        parent.peer(), parent.host(), parent.ip(), parent.port(), parent.seed(), 4005);
  }

  @Test
  void aSlowTransferIsGivenToAFasterParent() {
    Machine machine = joined(3);
    machine.parents("slow", "fast");
    machine.announce("fast", 0, 1);
    machine.after(Duration.ofMillis(10));
    machine.fetched(0);
    machine.announce("slow", 2);
    Action.Fetch slow = machine.fetchOf(2);
    assertThat(slow.parent()).isEqualTo(Machine.parent("slow"));
    machine.give(new Event.FetchStarted(slow.fetch()), new Event.FetchProgress(slow.fetch(), 1000));
    machine.announce("fast", 2);
    machine.fetched(1);
    machine.after(Duration.ofSeconds(3));
    assertThat(machine.all(Action.AbortFetch.class))
        .containsExactly(new Action.AbortFetch(slow.fetch()));
    machine.give(new Event.FetchFailed(slow.fetch(), Reason.CANCELLED, "aborted"));

    assertThat(machine.fetchOf(2).parent()).isEqualTo(Machine.parent("fast"));
  }

  @Test
  void whereACallerReadsItsPiecesComeFirst() {
    Machine machine = joined(64);
    machine.give(new Event.Reading(1, 20));
    machine.parents("a");
    int[] all = new int[64];
    java.util.Arrays.setAll(all, i -> i);
    machine.announce("a", all);

    assertThat(machine.all(Action.Fetch.class).stream().map(Action.Fetch::piece))
        .containsExactly(20, 21);
  }

  // The origin.

  @Test
  void theFirstLookIsKeptAndTellsTheContentToTheScheduler() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    machine.head(OptionalLong.of(20 * Machine.PIECE), "v1", true);
    assertThat(machine.reports(PeerReport.ContentLearned.class)).hasSize(1);
    machine.opened();

    BitSet sixteen = new BitSet();
    sixteen.set(0, 16);
    assertThat(machine.last(Action.TakeAnswer.class).pieces()).isEqualTo(sixteen);
    Action.ReadOrigin rest = machine.last(Action.ReadOrigin.class);
    assertThat(List.of(rest.first(), rest.last())).containsExactly(16, 19);
  }

  @Test
  void aQuarterOfAGigabyteTakesFewRequestsAndTheLastOnesAreShort() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    machine.head(OptionalLong.of(256 * Machine.PIECE), "v1", true);
    machine.opened();
    for (int round = 0; round < 20; round++) {
      for (Action.ReadOrigin run : List.copyOf(machine.all(Action.ReadOrigin.class))) {
        for (int piece = run.first(); piece <= run.last(); piece++) {
          machine.give(new Event.OriginPiece(run.read(), stored(piece, true)));
        }
        machine.give(new Event.OriginEnded(run.read()));
      }
    }

    List<Action.ReadOrigin> runs = machine.all(Action.ReadOrigin.class);
    assertThat(runs.size() + 1).isLessThanOrEqualTo(16);
    assertThat(runs.getFirst().last() - runs.getFirst().first() + 1).isEqualTo(32);
    assertThat(runs.subList(runs.size() - 4, runs.size()))
        .allMatch(run -> run.last() - run.first() + 1 <= 8);
  }

  @Test
  void theLeaseCoversOnlyWhatNoPeerHolds() {
    Machine machine = joined(6);
    machine.order(new SwarmOrder.GoToOrigin("lease", bits(0, 1, 2)));

    assertThat(machine.all(Action.ReadOrigin.class))
        .singleElement()
        .matches(run -> run.first() == 3 && run.last() == 5);
  }

  @Test
  void aRevokedLeaseStopsTheReadsAtOnce() {
    Machine machine = joined(6);
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    Action.ReadOrigin run = machine.last(Action.ReadOrigin.class);
    machine.give(new Event.OriginPiece(run.read(), stored(0, true)));
    List<Action> caused = machine.order(new SwarmOrder.LeaveOrigin("another peer reads"));

    assertThat(caused).contains(new Action.StopRead(run.read()));
    machine.forget();
    machine.after(Duration.ofSeconds(30));
    assertThat(machine.all(Action.ReadOrigin.class)).isEmpty();
  }

  @Test
  void bytesOfAPieceThatIsStillReadAtTheOriginCountAsProgress() {
    Machine machine = joined(6);
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    Action.ReadOrigin run = machine.last(Action.ReadOrigin.class);
    machine.give(new Event.OriginBytes(run.read(), 1000, 0, 1000));
    machine.after(Duration.ofSeconds(1));
    machine.give(new Event.OriginBytes(run.read(), 2000, 0, 3000));
    machine.after(Duration.ofSeconds(1));
    machine.give(
        new Event.OriginBytes(run.read(), Machine.PIECE - 3000, 0, Machine.PIECE),
        new Event.OriginPiece(run.read(), stored(0, true)),
        new Event.OriginBytes(run.read(), 500, 1, 500));
    machine.after(Duration.ofSeconds(1));

    assertThat(machine.all(Action.Progress.class))
        .extracting(Action.Progress::bytes)
        .containsExactly(
            ByteCounts.NONE.plus(ByteSource.ORIGIN, 1000),
            ByteCounts.NONE.plus(ByteSource.ORIGIN, 3000),
            ByteCounts.NONE.plus(ByteSource.ORIGIN, Machine.PIECE + 500));
  }

  @Test
  void bytesThatAreSkippedOrReadTwiceAreNoProgress() {
    Machine machine = joined(6);
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    Action.ReadOrigin run = machine.last(Action.ReadOrigin.class);
    machine.give(new Event.OriginBytes(run.read(), 5000));
    machine.after(Duration.ofSeconds(1));
    assertThat(machine.all(Action.Progress.class)).isEmpty();

    machine.give(new Event.OriginBytes(run.read(), 3000, 0, 3000));
    machine.broke(run.read(), Kind.TRUNCATED, 0);
    machine.after(Duration.ofSeconds(2));
    Action.ReadOrigin again = machine.last(Action.ReadOrigin.class);
    assertThat(again.read()).isNotEqualTo(run.read());
    machine.give(new Event.OriginBytes(again.read(), 100, 0, 3100));
    machine.after(Duration.ofSeconds(1));

    assertThat(machine.last(Action.Progress.class).bytes())
        .isEqualTo(ByteCounts.NONE.plus(ByteSource.ORIGIN, 3100));
  }

  @Test
  void aReadThatBreaksGoesOnAtTheFirstMissingPiece() {
    Machine machine = joined(6);
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    Action.ReadOrigin run = machine.last(Action.ReadOrigin.class);
    machine.give(new Event.OriginPiece(run.read(), stored(0, true)));
    machine.give(new Event.OriginPiece(run.read(), stored(1, true)));
    machine.broke(run.read(), Kind.TRUNCATED, 0);
    assertThat(machine.all(Action.ReadOrigin.class)).as("a pause first").hasSize(1);
    machine.after(Duration.ofSeconds(2));

    assertThat(machine.last(Action.ReadOrigin.class).first()).isEqualTo(2);
  }

  @Test
  void anOriginThatAnswersFourTimesThatItCannotIsGivenUp() {
    Machine machine = failing(4, 503, Duration.ofSeconds(5));
    assertThat(machine.reports(PeerReport.OriginFailed.class)).hasSize(1);
    DownloadException failure = machine.last(Action.Failed.class).failure();
    assertThat(failure.code()).isEqualTo(Code.ORIGIN_UNAVAILABLE);
    assertThat(failure.originStatus()).hasValue(503);
    assertThat(failure).hasMessageNotContaining("secret");
  }

  @Test
  void anOriginIsLeftAloneForAsLongAsItAsks() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    machine.give(
        new Event.OriginBroke(
            machine.last(Action.LookAtOrigin.class).read(),
            new OriginProblem(
                Kind.UNAVAILABLE, OptionalInt.of(503), Map.of("retry-after", "4"), "busy", true)));
    machine.after(Duration.ofMillis(3_900));
    assertThat(machine.all(Action.LookAtOrigin.class)).hasSize(1);
    machine.after(Duration.ofMillis(200));
    assertThat(machine.all(Action.LookAtOrigin.class)).hasSize(2);
  }

  @Test
  void piecesOfALengthThatIsALieAreDropped() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    for (int attempt = 0; attempt < 6; attempt++) {
      machine.head(OptionalLong.of(2 * Machine.PIECE), "v1", false);
      if (attempt == 0) {
        machine.opened();
        machine.give(
            new Event.OriginPiece(machine.last(Action.LookAtOrigin.class).read(), stored(0, true)));
      }
      machine.broke(machine.last(Action.LookAtOrigin.class).read(), Kind.TRUNCATED, 0);
      machine.after(Duration.ofSeconds(5));
    }
    assertThat(machine.last(Action.Failed.class).failure().code())
        .isEqualTo(Code.ORIGIN_UNAVAILABLE);
    assertThat(machine.all(Action.DropTask.class)).hasSize(1);
    assertThat(machine.download.isDone()).isTrue();
  }

  @Test
  void anOriginWithoutRangesWhoseAnswersEndAtTheSameByteIsNotReadAThirdTime() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    for (long end : new long[] {1000, 1500, 1500}) {
      assertThat(machine.all(Action.Failed.class)).isEmpty();
      machine.head(OptionalLong.of(2 * Machine.PIECE), "v1", false);
      machine.opened();
      long read = machine.last(Action.LookAtOrigin.class).read();
      machine.give(new Event.OriginBytes(read, end, 0, end));
      machine.broke(read, Kind.TRUNCATED, 0);
      machine.after(Duration.ofSeconds(5));
    }
    assertThat(machine.all(Action.LookAtOrigin.class)).hasSize(3);
    assertThat(machine.reports(PeerReport.OriginFailed.class)).hasSize(1);
  }

  @Test
  void anOriginThatDoesNotAnswerIsGivenUpAfterSomeAttempts() {
    Machine machine = failing(5, 0, Duration.ofSeconds(5));
    DownloadException failure = machine.last(Action.Failed.class).failure();
    assertThat(failure.code()).isEqualTo(Code.ORIGIN_UNAVAILABLE);
    PeerReport.OriginFailed report = machine.reports(PeerReport.OriginFailed.class).getFirst();
    assertThat(report.tried()).isTrue();
    assertThat(report.status()).isEmpty();
  }

  @Test
  void anOriginThatIsSilentForLongIsGivenUpAfterFewerAttempts() {
    failing(3, 0, Duration.ofSeconds(16));
  }

  /** Lets every look at the origin fail, until the download does after so many. */
  private static Machine failing(int attempts, int status, Duration each) {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    for (int attempt = 0; attempt < attempts; attempt++) {
      assertThat(machine.all(Action.Failed.class)).isEmpty();
      machine.broke(machine.last(Action.LookAtOrigin.class).read(), Kind.UNAVAILABLE, status);
      machine.after(each);
    }
    assertThat(machine.all(Action.LookAtOrigin.class)).hasSize(attempts);
    assertThat(machine.all(Action.Failed.class)).hasSize(1);
    return machine;
  }

  @Test
  void aRefusalIsPassedOnWithItsStatus() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(
        new SwarmOrder.OriginRefused(OptionalInt.of(404), Map.of(), "there is no such file"));

    DownloadException failure = machine.last(Action.Failed.class).failure();
    assertThat(failure.code()).isEqualTo(Code.ORIGIN_REFUSED);
    assertThat(failure.originStatus()).hasValue(404);
    assertThat(machine.download.isDone()).isTrue();
  }

  @Test
  void aRefusalDoesNotFailWhoAsksWithOtherCredentials() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.attach(2, Requests.withHeaders(REQUEST, Map.of("Authorization", "other")));
    machine.order(new SwarmOrder.OriginRefused(OptionalInt.of(401), Map.of(), "who are you"));

    assertThat(machine.all(Action.Failed.class)).extracting(Action.Failed::waiter).containsOnly(1L);
    machine.ready(true);
    assertThat(machine.reports(PeerReport.Register.class).getLast().request().requestHeaders())
        .containsEntry("Authorization", "other");
  }

  @Test
  void contentThatChangesMidwayBeginsAnewInAnotherFile() {
    Machine machine = joined(6);
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    Action.ReadOrigin run = machine.last(Action.ReadOrigin.class);
    machine.give(new Event.OriginPiece(run.read(), stored(0, true)));
    int before = machine.last(Action.OpenTask.class).epoch();
    machine.broke(run.read(), Kind.CHANGED, 0);
    machine.after(Duration.ofSeconds(2));
    machine.head(OptionalLong.of(5 * Machine.PIECE), "v2", true);

    Action.OpenTask open = machine.last(Action.OpenTask.class);
    assertThat(open.content()).isEqualTo(content(5, "v2"));
    assertThat(open.epoch()).isGreaterThan(before);
    assertThat(machine.reports(PeerReport.ContentLearned.class).getLast().content())
        .isEqualTo(content(5, "v2"));
    machine.opened();
    assertThat(machine.last(Action.TakeAnswer.class).pieces()).isEqualTo(bits(0, 1, 2, 3, 4));
    assertThat(machine.all(Action.Started.class)).hasSize(2);
  }

  @Test
  void piecesOfTheVersionBeforeAreNotReportedAsPiecesOfTheNewOne() {
    Machine machine = joined(6);
    machine.parents("a");
    machine.announce("a", 0, 1);
    machine.fetched(0);
    machine.fetched(1);
    int before = machine.reports(PeerReport.PiecesDone.class).size();
    machine.order(new SwarmOrder.Content(content(6, "v2")));
    machine.opened();
    machine.after(Duration.ofSeconds(1));

    assertThat(machine.reports(PeerReport.PiecesDone.class)).hasSize(before);
  }

  @Test
  void contentThatNeverSettlesIsAClearFailure() {
    Machine machine = joined(6);
    for (int change = 2; change < 7; change++) {
      machine.order(new SwarmOrder.Content(content(6, "v" + change)));
    }

    assertThat(machine.last(Action.Failed.class).failure().code()).isEqualTo(Code.CONTENT_CHANGED);
    assertThat(machine.download.isDone()).isTrue();
  }

  @Test
  void aSchedulerThatHasJustBegunMayTellTheVersionBeforeOnceMore() {
    Machine machine = joined(6);
    for (int change = 2; change < 6; change++) {
      machine.order(new SwarmOrder.Content(content(6, "v" + change % 2)));
    }

    assertThat(machine.all(Action.Failed.class)).isEmpty();
    for (int change = 6; change < 20; change++) {
      machine.order(new SwarmOrder.Content(content(6, "v" + change % 2)));
    }
    assertThat(machine.last(Action.Failed.class).failure().code()).isEqualTo(Code.CONTENT_CHANGED);
  }

  @Test
  void aPieceThatContradictsItsRootVoidsTheVersion() {
    Machine machine = joined(2);
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    Action.ReadOrigin run = machine.last(Action.ReadOrigin.class);
    machine.give(
        new Event.OriginPiece(
            run.read(),
            new io.dragonfly.daemon.storage.StoredPiece(
                0,
                0,
                Machine.PIECE,
                Digest.crc32(1),
                Optional.of(root(99)),
                io.dragonfly.daemon.storage.TrafficType.BACK_TO_SOURCE,
                "",
                Duration.ZERO,
                java.time.Instant.EPOCH)));

    assertThat(machine.all(Action.PieceHeld.class)).isEmpty();
    assertThat(machine.reports(PeerReport.Failed.class)).hasSize(1);
  }

  // Without a scheduler.

  @Test
  void whereNoSchedulerIsKnownTheOriginIsReadAtOnce() {
    Machine machine = new Machine(false);
    machine.attach(1);

    assertThat(machine.all(Action.LookAtOrigin.class)).hasSize(1);
  }

  @Test
  void aSilentSchedulerIsWaitedForSomeSeconds() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.after(Duration.ofSeconds(3));
    assertThat(machine.all(Action.LookAtOrigin.class)).isEmpty();
    machine.after(Duration.ofSeconds(4));

    assertThat(machine.all(Action.LookAtOrigin.class)).hasSize(1);
  }

  @Test
  void whenTheSchedulerIsLostParentsGoOnAndTheLinkIsOpenedAgain() {
    Machine machine = joined(4);
    machine.parents("a");
    machine.announce("a", 0, 1, 2, 3);
    int first = machine.link();
    machine.give(new Event.LinkLost(first, "restarted", true));
    machine.fetched(machine.all(Action.Fetch.class).get(0).piece());
    machine.after(Duration.ofSeconds(1));
    assertThat(machine.link()).isGreaterThan(first);
    machine.ready(true);

    PeerReport.Register again = machine.reports(PeerReport.Register.class).getLast();
    assertThat(again.pieces().cardinality()).isEqualTo(1);
    assertThat(again.peer())
        .isEqualTo(machine.reports(PeerReport.Register.class).getFirst().peer());
    assertThat(machine.all(Action.Unfollow.class)).isEmpty();
    assertThat(machine.all(Action.LookAtOrigin.class)).isEmpty();
  }

  @Test
  void whenTheSchedulerIsLostAParentThatIsStillHeardIsGivenTimeBeforeTheOriginIsRead() {
    Machine machine = withoutRoots(4);
    machine.parents("a");
    machine.announce("a", 0);
    machine.after(Duration.ofSeconds(4));
    machine.fetched(0);
    machine.give(new Event.LinkLost(machine.link(), "frozen", false));
    machine.after(Duration.ofSeconds(20));
    assertThat(machine.all(Action.ReadOrigin.class)).as("it may read the origin").isEmpty();
    machine.after(Duration.ofSeconds(20));
    assertThat(machine.all(Action.ReadOrigin.class)).as("it tells of nothing").isNotEmpty();
  }

  private static Machine withoutRoots(int pieces) {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.Content(content(pieces)));
    machine.opened();
    return machine;
  }

  @Test
  void whenTheSchedulerIsLostNobodyVouchesForNewPiecesAndTheOriginIsReadSoon() {
    Machine machine = joined(2);
    machine.parents("a");
    machine.announce("a", 0);
    machine.fetched(0);
    machine.give(new Event.LinkLost(machine.link(), "frozen", false));
    machine.after(Duration.ofSeconds(15));
    assertThat(machine.all(Action.ReadOrigin.class)).isNotEmpty();
  }

  @Test
  void whenTheSchedulerAndTheParentsAreLostTheOriginIsReadSoon() {
    Machine machine = withoutRoots(4);
    machine.parents("a");
    machine.announce("a", 0);
    machine.after(Duration.ofSeconds(4));
    machine.fetched(0);
    machine.give(
        new Event.LinkLost(machine.link(), "frozen", false),
        new Event.ParentFailed(machine.sync("a"), "gone"));
    machine.after(Duration.ofSeconds(15));
    assertThat(machine.all(Action.ReadOrigin.class)).isNotEmpty();
  }

  @Test
  void aRefusalOfOtherHeadersThanTheSchedulerKnowsIsNotForThoseWhoHaveThem() {
    Machine machine = new Machine();
    machine.attach(1, Requests.withHeaders(REQUEST, Map.of("authorization", "good")));
    machine.ready(true);
    machine.attach(2, Requests.withHeaders(REQUEST, Map.of("authorization", "bad")));
    machine.give(new Event.Detach(1, new DownloadException(Code.CANCELLED, "gone")));
    machine.order(new SwarmOrder.GoToOrigin("lease", new BitSet()));
    machine.broke(machine.last(Action.LookAtOrigin.class).read(), Kind.REFUSED, 403);

    assertThat(machine.reports(PeerReport.OriginFailed.class).getLast().status()).isEmpty();
    assertThat(machine.last(Action.Failed.class).failure().code()).isEqualTo(Code.ORIGIN_REFUSED);
  }

  @Test
  void whereTheOriginIsForbiddenAndNobodyHelpsTheDownloadFails() {
    Machine machine = new Machine();
    machine.attach(1, Requests.withoutOrigin(REQUEST));
    machine.give(new Event.LinkLost(machine.link(), "refused", false));
    machine.after(Duration.ofMinutes(2));

    assertThat(machine.all(Action.LookAtOrigin.class)).isEmpty();
    assertThat(machine.last(Action.Failed.class).failure().code()).isEqualTo(Code.NO_SOURCE);
  }

  @Test
  void whereTheOriginIsForbiddenAndPiecesCannotBeVerifiedTheDownloadFails() {
    Machine machine = new Machine();
    machine.attach(1, Requests.withoutOrigin(REQUEST));
    machine.ready(true);
    machine.order(new SwarmOrder.Content(content(2)));
    machine.opened();
    machine.order(new SwarmOrder.Roots(roots(1)));
    machine.parents("upstream");
    machine.announce("upstream", 0, 1);
    machine.fetched(0);
    machine.after(Duration.ofSeconds(20));
    assertThat(machine.all(Action.Failed.class)).as("a root may come").isEmpty();

    machine.after(Duration.ofSeconds(20));

    assertThat(machine.last(Action.Failed.class).failure().code()).isEqualTo(Code.NO_SOURCE);
    assertThat(machine.last(Action.Failed.class).failure()).hasMessageContaining("verify");
  }

  @Test
  void whatTheSchedulerRefusesToThoseWhoMayNotReadTheOriginIsTheirAnswer() {
    Machine machine = new Machine();
    machine.attach(1, Requests.withoutOrigin(REQUEST));
    machine.ready(true);
    machine.order(new SwarmOrder.Ended("FAILED_PRECONDITION", "nobody holds the task"));

    Action.Failed failed = machine.last(Action.Failed.class);
    assertThat(failed.failure().code()).isEqualTo(Code.NO_SOURCE);
    assertThat(failed.failure()).hasMessageContaining("nobody holds the task");
    assertThat(machine.download.isDone()).isTrue();
  }

  @Test
  void whatTheSchedulerForbidsIsNotReadAtTheOrigin() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.Ended("PERMISSION_DENIED", "LEVEL1 forbids it"));

    Action.Failed failed = machine.last(Action.Failed.class);
    assertThat(failed.failure().code()).isEqualTo(Code.FORBIDDEN);
    assertThat(failed.failure()).hasMessageContaining("LEVEL1 forbids it");
    assertThat(machine.all(Action.LookAtOrigin.class)).isEmpty();
    assertThat(machine.download.isDone()).isTrue();
  }

  @Test
  void aParentThatDidNotAnswerIsAskedAgainWhenItIsNamedAgainLater() {
    Machine machine = joined(2);
    machine.parents("a");
    machine.announce("a", 0, 1);
    for (Action.Fetch fetch : machine.all(Action.Fetch.class)) {
      machine.give(new Event.FetchFailed(fetch.fetch(), Reason.UNREACHABLE, "refused"));
    }
    machine.parents("a");
    assertThat(machine.all(Action.Follow.class)).hasSize(1);
    machine.after(Duration.ofSeconds(21));
    machine.parents("a");

    assertThat(machine.all(Action.Follow.class)).hasSize(2);
  }

  @Test
  void rootsOfPiecesThatOthersGetDoNotHideThatTheParentsAreMute() {
    Machine machine = joined(4);
    machine.parents("a");
    for (int second = 0; second < 12; second++) {
      machine.after(Duration.ofSeconds(1));
      machine.order(new SwarmOrder.Roots(roots(4)));
    }

    assertThat(machine.reports(PeerReport.ParentsWanted.class)).isNotEmpty();
  }

  @Test
  void aVersionThatTheSchedulerTellsIsRegisteredAnew() {
    Machine machine = joined(4);
    int before = machine.link();
    machine.order(new SwarmOrder.Content(content(5, "v2")));
    machine.opened();
    assertThat(machine.last(Action.CloseLink.class).link()).isEqualTo(before);
    machine.ready(true);

    PeerReport.Register again = machine.reports(PeerReport.Register.class).getLast();
    assertThat(again.content()).contains(content(5, "v2"));
    assertThat(again.peer())
        .isEqualTo(machine.reports(PeerReport.Register.class).getFirst().peer());
  }

  @Test
  void whoWantsAllOfItAfterOthersWantedAPartIsRegisteredForAllOfIt() {
    Machine machine = new Machine();
    machine.attach(1, Requests.withRange(REQUEST, "bytes=0-9"));
    machine.ready(true);
    machine.order(new SwarmOrder.Content(content(4)));
    machine.opened();
    machine.attach(2);
    machine.ready(true);

    PeerReport.Register again = machine.reports(PeerReport.Register.class).getLast();
    assertThat(machine.reports(PeerReport.Register.class)).hasSize(2);
    assertThat(again.request().rangeHeader()).isEmpty();
  }

  // Callers.

  @Test
  void severalCallersShareOneTransferAndAreEachAnsweredOnce() {
    Machine machine = joined(2);
    machine.attach(2);
    machine.attach(3, Requests.withRange(REQUEST, "bytes=0-9"));
    machine.parents("a");
    machine.announce("a", 0, 1);
    machine.fetched(0);
    assertThat(machine.all(Action.Finished.class))
        .extracting(Action.Finished::waiter)
        .containsOnly(3L);
    machine.fetched(1);

    assertThat(machine.all(Action.Fetch.class)).hasSize(2);
    assertThat(machine.all(Action.Finished.class))
        .extracting(Action.Finished::waiter)
        .containsExactly(3L, 1L, 2L);
    assertThat(machine.reports(PeerReport.Finished.class)).hasSize(1);
  }

  @Test
  void aRangeNeedsOnlyItsPieces() {
    Machine machine = new Machine();
    machine.attach(1, Requests.withRange(REQUEST, "bytes=2097152-3145727"));
    machine.ready(true);
    machine.order(new SwarmOrder.Content(content(8)));
    machine.opened();
    machine.order(new SwarmOrder.Roots(roots(8)));
    machine.parents("a");
    machine.announce("a", 0, 1, 2, 3, 4, 5);
    assertThat(machine.all(Action.Fetch.class)).singleElement().matches(f -> f.piece() == 2);
    machine.fetched(2);

    assertThat(machine.last(Action.Started.class).wanted())
        .contains(new ByteRange(2097152, 1048576));
  }

  @Test
  void aBadRangeFailsOnlyWhoAskedForIt() {
    Machine machine = joined(2);
    machine.attach(2, Requests.withRange(REQUEST, "bytes=9999999-"));
    machine.attach(3, Requests.withRange(REQUEST, "lines=1-2"));

    assertThat(machine.all(Action.Failed.class))
        .extracting(failed -> failed.failure().code())
        .containsExactly(Code.RANGE_NOT_SATISFIABLE, Code.INVALID_REQUEST);
    assertThat(machine.all(Action.Failed.class).getFirst().failure())
        .hasMessageContaining("2097152");
    assertThat(machine.download.isDone()).isFalse();
  }

  @Test
  void aWrongDigestFailsOneCallerAndDropsTheCache() {
    Machine machine = joined(1);
    machine.attach(2, Requests.withDigest(REQUEST, Digest.crc32(5)));
    machine.attach(3, Requests.withDigest(REQUEST, Digest.crc32(6)));
    machine.parents("a");
    machine.announce("a", 0);
    machine.fetched(0);
    assertThat(machine.all(Action.Finished.class))
        .extracting(Action.Finished::waiter)
        .containsOnly(1L);
    machine.give(new Event.DigestComputed(Digest.crc32(5), Optional.of(Digest.crc32(6))));
    machine.give(new Event.TaskDeleted(1));
    machine.give(new Event.DigestComputed(Digest.crc32(6), Optional.of(Digest.crc32(6))));

    assertThat(machine.all(Action.DropTask.class)).hasSize(1);
    assertThat(machine.all(Action.Failed.class)).extracting(Action.Failed::waiter).containsOnly(2L);
    assertThat(machine.last(Action.Failed.class).failure().code()).isEqualTo(Code.DIGEST_MISMATCH);
    assertThat(machine.all(Action.Finished.class))
        .extracting(Action.Finished::waiter)
        .containsExactly(1L, 3L);
  }

  @Test
  void aFullDiskFailsEveryCallerOnceAndGivesTheRoomBack() {
    Machine machine = joined(2);
    machine.attach(2);
    machine.parents("a");
    machine.announce("a", 0);
    machine.fetched(0);
    machine.give(new Event.StorageFailed(1, true, "No space left on device"));
    machine.give(new Event.TaskDeleted(1));

    assertThat(machine.all(Action.DropTask.class)).containsExactly(new Action.DropTask(1));
    assertThat(machine.all(Action.Failed.class))
        .extracting(Action.Failed::waiter, failed -> failed.failure().code())
        .containsExactly(tuple(1L, Code.NO_SPACE), tuple(2L, Code.NO_SPACE));
  }

  @Test
  void aDiskThatFailsOtherwiseKeepsWhatArrived() {
    Machine machine = joined(2);
    machine.give(new Event.StorageFailed(1, false, "Input/output error"));

    assertThat(machine.all(Action.DropTask.class)).isEmpty();
    assertThat(machine.last(Action.Failed.class).failure().code()).isEqualTo(Code.STORAGE_FAILED);
  }

  @Test
  void aCallersTimeIsItsOwn() {
    Machine machine = joined(4);
    machine.attach(2, Requests.withTimeout(REQUEST, Duration.ofSeconds(2)));
    machine.after(Duration.ofSeconds(3));

    assertThat(machine.all(Action.Failed.class))
        .singleElement()
        .matches(failed -> failed.waiter() == 2 && failed.failure().code() == Code.TIMED_OUT);
    assertThat(machine.download.isDone()).isFalse();
  }

  @Test
  void whenTheLastCallerLeavesEverythingStopsAndTheOriginIsNotRead() {
    Machine machine = joined(8);
    machine.parents("a");
    machine.announce("a", 0, 1, 2, 3);
    machine.forget();
    machine.give(new Event.Detach(1, new DownloadException(Code.CANCELLED, "gone")));

    assertThat(machine.all(Action.AbortFetch.class)).hasSize(2);
    assertThat(machine.all(Action.Unfollow.class)).hasSize(1);
    assertThat(machine.reports(PeerReport.Failed.class))
        .containsExactly(new PeerReport.Failed("cancelled"));
    assertThat(machine.all(Action.ReadOrigin.class)).isEmpty();
    assertThat(machine.download.isDone()).isTrue();
    assertThat(machine.give(new Event.Tick())).isEmpty();
  }

  @Test
  void aFullDiskFailsEverybodyClearly() {
    Machine machine = new Machine();
    machine.attach(1);
    machine.ready(true);
    machine.order(new SwarmOrder.Content(content(8)));
    machine.give(
        new Event.TaskRefused(
            machine.last(Action.OpenTask.class).epoch(), true, "1 GiB is needed"));

    assertThat(machine.last(Action.Failed.class).failure().code()).isEqualTo(Code.NO_SPACE);
    assertThat(machine.last(Action.Failed.class).failure()).hasMessageContaining("1 GiB");
  }

  // Reports.

  @Test
  void theFirstPieceIsReportedAtOnceAndOthersInBatches() {
    Machine machine = joined(8);
    machine.parents("a", "b");
    machine.announce("a", 0, 1, 2, 3, 4, 5, 6, 7);
    machine.announce("b", 0, 1, 2, 3, 4, 5, 6, 7);
    List<Integer> pieces =
        machine.all(Action.Fetch.class).stream().map(Action.Fetch::piece).toList();
    machine.fetched(pieces.get(0));
    machine.fetched(pieces.get(1));
    machine.fetched(pieces.get(2));
    assertThat(machine.reports(PeerReport.PiecesDone.class)).hasSize(1);
    machine.after(Duration.ofMillis(150));

    assertThat(machine.reports(PeerReport.PiecesDone.class)).hasSize(2);
    assertThat(machine.reports(PeerReport.PiecesDone.class).getLast().pieces()).hasSize(2);
  }
}
