package io.dragonfly.daemon.download;

import static io.dragonfly.daemon.download.Machine.PIECE;
import static io.dragonfly.daemon.download.Machine.REQUEST;
import static io.dragonfly.daemon.download.Machine.bits;
import static io.dragonfly.daemon.download.Machine.content;
import static io.dragonfly.daemon.download.Machine.root;
import static io.dragonfly.daemon.download.Machine.roots;
import static io.dragonfly.daemon.download.Machine.stored;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** What a download decides for callers that want a small range, and are content with its blocks. */
class SmallRangeTest {
  private static final long BLOCK = 64 * 1024;

  /** Of piece 1, its blocks 3 and 4. */
  private static final DownloadRequest RANGE =
      Requests.withRange(
          REQUEST, "bytes=" + (PIECE + 3 * BLOCK + 5) + "-" + (PIECE + 4 * BLOCK + 5));

  private static final BlockSet BLOCKS = BlockSet.between(3, 5);

  private static Machine joined() {
    return joined(RANGE);
  }

  private static Machine joined(DownloadRequest range) {
    Machine machine = new Machine();
    machine.give(new Event.Attach(1, range, true));
    machine.ready(true);
    machine.order(new SwarmOrder.Content(content(3)));
    machine.opened();
    return machine;
  }

  private static Machine withParent() {
    Machine machine = joined();
    machine.order(new SwarmOrder.Roots(roots(3)));
    machine.parents("a");
    machine.announce("a", 0, 1, 2);
    return machine;
  }

  private static List<Action> blocksFetched(Machine machine) {
    Action.Fetch fetch = machine.fetchOf(1);
    return machine.give(
        new Event.FetchStarted(fetch.fetch()),
        new Event.FetchProgress(fetch.fetch(), 2 * BLOCK),
        new Event.BlocksFetched(fetch.fetch(), 1, fetch.blocks().orElseThrow()));
  }

  @Test
  void aParentIsAskedForTheBlocksOfTheRangeAndNoMore() {
    Machine machine = withParent();
    assertThat(machine.all(Action.Fetch.class)).hasSize(1);
    assertThat(machine.fetchOf(1).blocks()).contains(BLOCKS);

    assertThat(blocksFetched(machine))
        .filteredOn(Action.Finished.class::isInstance)
        .singleElement()
        .isEqualTo(
            new Action.Finished(
                1, new DownloadSummary(new ByteCounts(0, BLOCK + 1, 0, 0), Duration.ZERO)));
    assertThat(machine.download.isDone()).isTrue();
  }

  @Test
  void whoGivesAWrongBlockIsReportedAndAnotherOneIsAskedForTheSame() {
    Machine machine = joined();
    machine.order(new SwarmOrder.Roots(roots(3)));
    machine.parents("a", "b");
    machine.announce("a", 1);
    machine.announce("b", 1);
    Action.Fetch first = machine.fetchOf(1);
    machine.give(new Event.FetchFailed(first.fetch(), Reason.CORRUPT, "block 4 differs"));

    assertThat(machine.reports(PeerReport.PieceFailed.class))
        .singleElement()
        .matches(report -> report.reason() == PeerReport.FailureReason.CORRUPT);
    assertThat(machine.all(Action.Finished.class)).isEmpty();
    Action.Fetch second = machine.fetchOf(1);
    assertThat(second.parent()).isNotEqualTo(first.parent());
    assertThat(second.blocks()).contains(BLOCKS);
  }

  @Test
  void whoWantsItAllGetsWhatIsMissingAfterwards() {
    Machine machine = withParent();
    machine.attach(2);
    assertThat(machine.all(Action.Fetch.class).getFirst().blocks()).contains(BLOCKS);
    var _ = blocksFetched(machine);

    assertThat(machine.fetchOf(1).blocks()).isEmpty();
    assertThat(machine.all(Action.Finished.class)).extracting(Action.Finished::waiter).contains(1L);
    for (int piece = 0; piece < 3; piece++) {
      var _ = machine.fetched(piece);
    }
    assertThat(machine.all(Action.Finished.class))
        .extracting(Action.Finished::waiter)
        .containsExactly(1L, 2L);
  }

  @Test
  void aCallerThatTakesPiecesGetsTheWholePiece() {
    Machine machine = new Machine();
    machine.attach(1, RANGE);
    machine.ready(true);
    machine.order(new SwarmOrder.Content(content(3)));
    machine.opened();
    machine.order(new SwarmOrder.Roots(roots(3)));
    machine.parents("a");
    machine.announce("a", 0, 1, 2);

    assertThat(machine.fetchOf(1).blocks()).isEmpty();
  }

  @Test
  void anUpstreamParentHasNoBlocksToGive() {
    Machine machine = joined();
    machine.order(new SwarmOrder.Roots(roots(3)));
    machine.parents("a");
    int sync = machine.sync("a");
    machine.give(
        new Event.ParentFeatures(sync, false), new Event.ParentPiece(sync, 1, "10.0.0.1", 4001));

    assertThat(machine.fetchOf(1).blocks()).isEmpty();
  }

  @Test
  void whatIsHereFromBeforeIsAnswerEnough() {
    Machine machine = new Machine();
    machine.give(
        new Event.TaskOpened(
            0, content(3), new BitSet(), Map.of(1, root(1)), Map.of(1, BlockSet.between(2, 7))),
        new Event.Attach(1, RANGE, true));

    assertThat(machine.last(Action.Started.class).cached()).isEqualTo(BLOCK + 1);
    assertThat(machine.last(Action.Finished.class).summary().bytes())
        .isEqualTo(new ByteCounts(BLOCK + 1, 0, 0, 0));
    assertThat(machine.all(Action.OpenLink.class)).isEmpty();
  }

  @Test
  void underALeaseTheCallersBlocksComeFirstAndThenTheRestForOthers() {
    Machine machine = joined();
    machine.order(new SwarmOrder.GoToOrigin("nobody has it", new BitSet()));
    Action.ReadOrigin part = machine.last(Action.ReadOrigin.class);
    assertThat(part.part()).contains(BLOCKS);

    machine.forget();
    machine.give(
        new Event.OriginBlocks(part.read(), 1, BLOCKS), new Event.OriginEnded(part.read()));
    assertThat(machine.all(Action.Finished.class)).hasSize(1);
    Action.ReadOrigin rest = machine.last(Action.ReadOrigin.class);
    assertThat(rest.part()).isEmpty();
    assertThat(rest.first()).isEqualTo(1);
    assertThat(rest.last()).isEqualTo(1);
    assertThat(machine.download.isDone()).isFalse();

    machine.give(new Event.OriginPiece(rest.read(), stored(1, true)));
    assertThat(machine.download.isDone()).isTrue();
  }

  @Test
  void manyBlocksThatAreHereAreReadAround() {
    BlockSet held = BlockSet.between(3, 8);
    Machine machine =
        joined(
            Requests.withRange(
                REQUEST, "bytes=" + (PIECE + 3 * BLOCK) + "-" + (PIECE + 8 * BLOCK - 1)));
    machine.order(new SwarmOrder.GoToOrigin("nobody has it", new BitSet()));
    for (BlockSet blocks :
        List.of(held, BlockSet.between(0, 3), BlockSet.between(8, (int) (PIECE / BLOCK)))) {
      Action.ReadOrigin read = machine.last(Action.ReadOrigin.class);
      assertThat(read.first()).isEqualTo(1);
      boolean rest = read.part().isEmpty();
      assertThat(rest || read.part().get().equals(blocks)).as("%s for %s", read, blocks).isTrue();
      assertThat(rest).isEqualTo(blocks.end() * BLOCK == PIECE);
      machine.forget();
      if (!rest) {
        machine.give(
            new Event.OriginBlocks(read.read(), 1, blocks), new Event.OriginEnded(read.read()));
      }
    }
  }

  @Test
  void whoLeavesBeforeItIsServedLeavesNothingToDoForOthers() {
    Machine machine = joined();
    machine.order(new SwarmOrder.GoToOrigin("nobody has it", new BitSet()));
    machine.give(
        new Event.Detach(1, new DownloadException(DownloadException.Code.CANCELLED, "left")));

    assertThat(machine.all(Action.StopRead.class)).isNotEmpty();
    assertThat(machine.download.isDone()).isTrue();
  }

  @Test
  void withoutASchedulerTheOriginIsAskedForTheBlocksAlone() {
    Machine machine = new Machine(false);
    machine.give(new Event.Attach(1, RANGE, true));
    machine.after(Duration.ofSeconds(10));
    Action.LookAtOrigin look = machine.last(Action.LookAtOrigin.class);
    assertThat(look.start()).isEqualTo(PIECE + 3 * BLOCK);
    assertThat(look.length()).isEqualTo(2 * BLOCK);

    machine.head(OptionalLong.of(3 * PIECE), "v1", true);
    machine.opened();
    Action.TakeAnswer take = machine.last(Action.TakeAnswer.class);
    assertThat(take.pieces()).isEqualTo(bits(1));
    assertThat(take.parts()).isEqualTo(Map.of(1, BLOCKS));
    machine.give(
        new Event.OriginBlocks(take.read(), 1, BLOCKS), new Event.OriginEnded(take.read()));
    assertThat(machine.all(Action.Finished.class)).hasSize(1);
    assertThat(machine.all(Action.ReadOrigin.class)).isEmpty();
    assertThat(machine.download.isDone()).isTrue();
  }

  @Test
  void aRangeAcrossPiecesTakesTheEndOfOneAndTheBeginningOfTheNext() {
    Machine machine = new Machine();
    DownloadRequest across =
        Requests.withRange(REQUEST, "bytes=" + (PIECE - 1) + "-" + (2 * PIECE));
    machine.give(new Event.Attach(1, across, true));
    machine.ready(true);
    machine.order(new SwarmOrder.Content(content(3)));
    machine.opened();
    machine.order(new SwarmOrder.Roots(roots(3)));
    machine.parents("a", "b", "c");
    machine.announce("a", 0, 1, 2);
    machine.announce("b", 0, 1, 2);
    machine.announce("c", 0, 1, 2);

    assertThat(machine.fetchOf(0).blocks()).contains(BlockSet.between(15, 16));
    assertThat(machine.fetchOf(1).blocks()).isEmpty();
    assertThat(machine.fetchOf(2).blocks()).contains(BlockSet.between(0, 1));
  }
}
