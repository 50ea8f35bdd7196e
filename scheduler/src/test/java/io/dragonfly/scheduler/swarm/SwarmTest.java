package io.dragonfly.scheduler.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.scheduler.swarm.PeerReport.DonePiece;
import io.dragonfly.scheduler.swarm.SwarmDriver.Stream;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Who takes pieces from whom. */
final class SwarmTest {
  private final SwarmDriver driver = new SwarmDriver();

  // Upstream children.

  @Test
  void theFirstAnswerIsHeldUntilAParentHasAPiece() {
    driver.host("a").host("b");
    Stream reader = driver.upstream("a", 4);
    driver.report(reader, new PeerReport.OriginStarted());
    Stream child = driver.upstream("b", 4);
    driver.pass(3_000);
    assertThat(child.orders).isEmpty();

    driver.done(reader, 0);

    assertThat(child.parents()).containsExactly("a");
    assertThat(child.orders).hasSize(1);
  }

  @Test
  void peersOfOursGetMoreParentsThanTheLimitForUpstreamChildren() {
    for (int parent = 0; parent < 15; parent++) {
      driver.host("p" + parent);
      driver.holder("p" + parent, SwarmDriver.content(4, ""));
    }
    driver.host("upstream").host("ours");

    assertThat(driver.upstream("upstream", 4).parents())
        .hasSize(SwarmLimits.defaults().candidateParents());
    assertThat(driver.ours("ours").parents())
        .hasSize(SwarmSettings.defaults().ourParents())
        .doesNotHaveDuplicates();
  }

  @Test
  void anUpstreamChildIsToldNothingThatItDidNotAskFor() {
    driver.host("a").host("b").host("c");
    driver.holder("a", SwarmDriver.content(4, ""));
    Stream child = driver.upstream("b", 4);
    assertThat(child.orders).hasSize(1);

    driver.holder("c", SwarmDriver.content(4, ""));
    driver.swarm.deleteHost(new HostId("a"), driver.now);
    driver.pass(5_000);

    assertThat(child.orders).hasSize(1);
  }

  @Test
  void anUpstreamChildGetsFiveAnswersAndNoSixth() {
    driver.host("a").host("b");
    driver.holder("a", SwarmDriver.content(4, ""));
    Stream child = driver.upstream("b", 4);
    for (int answer = 1; answer < 5; answer++) {
      driver.report(child, new PeerReport.Reschedule(List.of()));
    }
    assertThat(child.orders).hasSize(5);

    driver.report(child, new PeerReport.Reschedule(List.of()));

    assertThat(child.orders).hasSize(5);
    assertThat(child.end.orElseThrow().code()).isEqualTo(EndCode.FAILED_PRECONDITION);
  }

  @Test
  void aTriedParentIsNotGivenAgainForAWhileButLater() {
    driver.host("a").host("b");
    driver.holder("a", SwarmDriver.content(4, ""));
    Stream child = driver.upstream("b", 4, SwarmDriver.download(0, false, true, ""));
    driver.report(child, new PeerReport.Reschedule(List.of(new PeerId("a"))));
    driver.pass(10_000);
    assertThat(child.orders).hasSize(1);

    driver.pass(25_000);

    assertThat(child.orders).hasSize(2);
    assertThat(child.parents()).containsExactly("a");
  }

  @Test
  void upstreamChildrenNeverWaitForThemselvesInACircle() {
    driver.host("a").host("b").host("c");
    Stream root = driver.upstream("a", 4);
    driver.report(root, new PeerReport.OriginStarted());
    driver.done(root, 0);
    Stream b = driver.upstream("b", 4);
    driver.report(b, new PeerReport.Started());
    driver.done(b, 0);
    Stream c = driver.upstream("c", 4);
    driver.report(c, new PeerReport.Started());
    driver.done(c, 0);
    assertThat(c.parents()).contains("b");

    driver.report(b, new PeerReport.Reschedule(List.of()));

    assertThat(b.parents()).containsExactly("a");
  }

  @Test
  void anEmptyTaskAndAHolderOfEverythingAreAnsweredAtOnce() {
    driver.host("a").host("b");
    assertThat(driver.upstream("a", 0).orders).containsExactly(new PeerOrder.EmptyTask());
    assertThat(driver.upstream("b", 3, SwarmDriver.metadataOnly()).orders)
        .containsExactly(new PeerOrder.MetadataOnly());
  }

  @Test
  void anUpstreamPeerOfAnUnknownHostIsToldSoAndLeavesNothingBehind() {
    Stream peer = driver.upstream("a", 3);
    assertThat(peer.end.orElseThrow().code()).isEqualTo(EndCode.NOT_FOUND);
    assertThat(peer.end.orElseThrow().text()).isEqualTo("host a not found");
    assertThat(driver.swarm.usage().peers()).isZero();
  }

  // Ours.

  @Test
  void oursAreToldTheirParentsWheneverTheSetChanges() {
    driver.host("a").host("b").host("c");
    Stream child = driver.ours("b");
    driver.holder("a", SwarmDriver.content(4, "v"));
    assertThat(child.parents()).containsExactly("a");

    driver.holder("c", SwarmDriver.content(4, "v"));
    assertThat(child.parents()).containsExactlyInAnyOrder("a", "c");

    driver.swarm.deleteHost(new HostId("a"), driver.now);
    assertThat(child.parents()).containsExactly("c");
  }

  @Test
  void whereOnePieceIsEverythingItsHoldersPortIsToldWithIt() {
    driver.host("a").host("b");
    driver.holder("a", SwarmDriver.content(1, "v"));
    assertThat(wholeAt(driver.ours("b"))).containsExactly(SwarmDriver.PIECE_PORT);
  }

  @Test
  void ofSeveralPiecesEachHasToBeAskedFor() {
    driver.host("a").host("b");
    driver.holder("a", SwarmDriver.content(2, "v"));
    assertThat(wholeAt(driver.ours("b"))).containsExactly(0);
  }

  private static List<Integer> wholeAt(Stream stream) {
    return stream.last(PeerOrder.Parents.class).stream()
        .flatMap(parents -> parents.parents().stream())
        .map(parent -> parent.peer().wholeAt())
        .toList();
  }

  @Test
  void oursExchangePiecesBothWays() {
    driver.host("a").host("b").host("s");
    Stream s = driver.ours("s");
    driver.report(s, new PeerReport.ContentLearned(SwarmDriver.content(4, "v")));
    Stream a = driver.ours("a");
    Stream b = driver.ours("b");
    driver.done(s, 0);
    driver.done(a, 0);
    driver.done(b, 1);

    assertThat(a.parents()).contains("b", "s");
    assertThat(b.parents()).contains("a", "s");
  }

  @Test
  void aChildIsNeverSentToItsOwnHost() {
    driver.host("a");
    driver.holder("p1@a", SwarmDriver.content(4, "v"));
    Stream child = driver.ours("p2@a", SwarmDriver.download(0, false, true, ""));
    driver.pass(20_000);
    assertThat(child.parents()).isEmpty();
  }

  @Test
  void aHostThatDoesNotShareIsNoParent() {
    driver.host("b").host("a", 0, "", true);
    driver.holder("a", SwarmDriver.content(4, "v"));
    assertThat(driver.ours("b").parents()).isEmpty();

    driver.host("a", 0, "", false);

    assertThat(driver.stream("b").parents()).containsExactly("a");
  }

  @Test
  void childrenOfOneParentAreBoundedAndTheNextIsWokenWhenAPlaceIsFree() {
    driver.host("a");
    driver.holder("a", SwarmDriver.content(4, "v"));
    int fanOut = SwarmSettings.defaults().normalFanOut();
    Stream[] children = new Stream[fanOut + 1];
    for (int i = 0; i <= fanOut; i++) {
      driver.host("c" + i, 0, "", true);
      children[i] = driver.ours("c" + i);
    }
    assertThat(children[fanOut].parents()).isEmpty();

    driver.report(children[0], new PeerReport.Failed("enough", false));

    assertThat(children[fanOut].parents()).containsExactly("a");
  }

  @Test
  void aPeerOfOursThatGetsPiecesIsAParentOfOursBeforeItHoldsOne() {
    driver.host("a").host("b").host("c").host("d").host("e");
    driver.holder("a", SwarmDriver.content(4, "v"));
    Stream relay = driver.ours("b");
    assertThat(relay.parents()).containsExactly("a");
    assertThat(driver.ours("c").parents()).containsExactlyInAnyOrder("a", "b");
    assertThat(driver.upstream("d", 4).parents())
        .as("an upstream child takes whole pieces only")
        .containsExactly("a");

    assertThat(driver.swarm.deleteHost(new HostId("a"), driver.now)).isTrue();

    assertThat(driver.ours("e").parents()).as("nobody gets anything").isEmpty();
  }

  @Test
  void aSwarmIsAsWideBeforeTheFirstPieceIsWholeAsAfterwards() {
    driver.seed("s");
    driver.ours("s", SwarmDriver.content(64, "v"), 0);
    for (int i = 0; i < 200; i++) {
      driver.host("h" + i).ours("h" + i);
    }
    long used =
        driver.peers.values().stream()
            .flatMap(stream -> stream.parents().stream())
            .distinct()
            .count();
    assertThat(used).as("parents that are somebody's").isGreaterThan(100);
  }

  @Test
  void aSlotThatComesFreeInOneTaskWakesAnother() {
    driver.swarm.limits(new SwarmLimits(4, 15, 1, 1, List.of()), driver.now);
    driver.host("a").host("b").host("c");
    TaskId other = new TaskId("other");
    driver.holder("a", SwarmDriver.content(4, "v"));
    driver.register(
        other,
        "p@a",
        true,
        SwarmDriver.download(),
        Optional.of(SwarmDriver.content(4, "v")),
        SwarmDriver.bits(0, 1, 2, 3),
        Map.of(),
        true);
    Stream first = driver.ours("b");
    Stream second =
        driver.register(
            other,
            "c",
            true,
            SwarmDriver.download(),
            Optional.empty(),
            new BitSet(),
            Map.of(),
            false);
    assertThat(second.parents()).isEmpty();

    driver.finished(first);

    assertThat(second.parents()).containsExactly("p@a");
  }

  @Test
  void theSameIdcIsPreferred() {
    driver.host("child", 0, "east", false);
    for (int i = 0; i < 6; i++) {
      driver.host("west" + i, 0, "west", false).holder("west" + i, SwarmDriver.content(4, "v"));
      driver.host("east" + i, 0, "east", false).holder("east" + i, SwarmDriver.content(4, "v"));
    }
    int east = 0;
    for (int round = 0; round < 50; round++) {
      Stream child = driver.ours("p" + round + "@child");
      east += (int) child.parents().stream().filter(name -> name.startsWith("east")).count();
      driver.report(child, new PeerReport.Failed("next", false));
    }
    assertThat(east).isGreaterThan(130);
  }

  // Content, versions, roots.

  @Test
  void whatTheLeaseholderLearnsIsToldToAll() {
    driver.host("a").host("b");
    Stream reader = driver.ours("a");
    Stream child = driver.ours("b");
    driver.report(reader, new PeerReport.ContentLearned(SwarmDriver.content(4, "v")));
    assertThat(child.last(PeerOrder.Content.class).orElseThrow().content())
        .isEqualTo(SwarmDriver.content(4, "v"));
  }

  @Test
  void aNewVersionFromTheOriginVoidsTheOldPiecesOfEverybody() {
    driver.host("a").host("b").host("h");
    driver.ours("h", SwarmDriver.content(4, "old"), 0);
    Stream child = driver.ours("b");
    assertThat(child.parents()).containsExactly("h");
    Stream reader = driver.stream("h");
    assertThat(reader.last(PeerOrder.OriginLease.class)).isPresent();

    driver.report(reader, new PeerReport.ContentLearned(SwarmDriver.content(5, "new")));

    assertThat(child.last(PeerOrder.Content.class).orElseThrow().content())
        .isEqualTo(SwarmDriver.content(5, "new"));
    assertThat(child.parents()).isEmpty();
    driver.done(reader, 2);
    assertThat(child.parents()).containsExactly("h");
  }

  @Test
  void reportsOfTheOldVersionThatAreUnderWayDoNotCountForTheNewOne() {
    driver.host("b").host("c").host("h");
    driver.ours("h", SwarmDriver.content(4, "old"), 0);
    Stream late = driver.ours("b");
    Stream reader = driver.stream("h");
    driver.report(reader, new PeerReport.ContentLearned(SwarmDriver.content(5, "new")));
    driver.read(late, 1, 7);
    driver.read(reader, 1, 1);
    driver.pass(500);

    assertThat(late.last(PeerOrder.Roots.class).orElseThrow().roots())
        .containsEntry(1, SwarmDriver.root(1));
    assertThat(driver.ours("c").parents()).containsExactly("h");
    driver.ours("b", SwarmDriver.content(5, "new"), 1);
    assertThat(driver.stream("c").parents()).contains("b");
  }

  @Test
  void aStalePeerIsToldTheVersionOfTheTaskAndIsNoParent() {
    driver.host("a").host("b").host("c");
    driver.holder("a", SwarmDriver.content(4, "new"));
    Stream stale = driver.ours("b", SwarmDriver.content(4, "old"), 0, 1);
    assertThat(stale.last(PeerOrder.Content.class).orElseThrow().content())
        .isEqualTo(SwarmDriver.content(4, "new"));
    assertThat(driver.ours("c").parents()).containsExactly("a");
  }

  @Test
  void rootsReachEveryChildBatched() {
    driver.host("a").host("b");
    Stream reader = driver.ours("a");
    driver.report(reader, new PeerReport.ContentLearned(SwarmDriver.content(4, "v")));
    Stream child = driver.ours("b");
    driver.read(reader, 0, 1);
    driver.read(reader, 1, 1);
    driver.read(reader, 2, 1);
    driver.pass(500);
    List<PeerOrder.Roots> told = child.all(PeerOrder.Roots.class);
    assertThat(told).hasSize(2);
    assertThat(told.get(1).roots()).containsOnlyKeys(1, 2);
  }

  @Test
  void aSecondRootForAPieceCostsItsReporterTheChildren() {
    driver.host("a").host("b").host("c");
    Stream reader = driver.ours("a");
    driver.report(reader, new PeerReport.ContentLearned(SwarmDriver.content(4, "v")));
    driver.read(reader, 0, 1);
    driver.register(
        SwarmDriver.TASK,
        "b",
        true,
        SwarmDriver.download(),
        Optional.of(SwarmDriver.content(4, "v")),
        SwarmDriver.bits(0, 1),
        Map.of(0, SwarmDriver.root(2)),
        false);
    assertThat(driver.actions)
        .anyMatch(action ->
            action instanceof SwarmAction.Notice notice
                && notice.text().startsWith("event=root_conflict"));
    assertThat(driver.ours("c").parents()).containsExactly("a");
  }

  // Trust.

  @Test
  void wrongBytesBlockTheParentForThatChildAtOnce() {
    driver.host("a").host("b").host("c");
    driver.holder("a", SwarmDriver.content(4, "v"));
    Stream child = driver.ours("b");
    driver.corrupt(child, 0, "a");
    assertThat(child.parents()).isEmpty();
    assertThat(driver.ours("c").parents()).contains("a");
  }

  @Test
  void wrongBytesSeenByTwoHostsQuarantineTheParentForAll() {
    driver.host("a").host("b").host("c").host("d");
    driver.holder("a", SwarmDriver.content(4, "v"));
    Stream b = driver.ours("b");
    Stream c = driver.ours("c");
    driver.corrupt(b, 0, "a");
    driver.corrupt(c, 0, "a");
    Stream d = driver.ours("d", SwarmDriver.download(0, false, true, ""));
    assertThat(d.parents()).isEmpty();
    assertThat(driver.swarm.host(new HostId("a")).orElseThrow().quarantined()).isTrue();

    driver.now += 601_000;
    driver.host("a").host("d");
    driver.swarm.tick(driver.now);

    assertThat(driver.swarm.host(new HostId("a")).orElseThrow().quarantined()).isFalse();
  }

  @Test
  void oneReportWithARootIsEnoughUnlessTheParentReadsTheOrigin() {
    driver.host("a").host("b").host("c");
    Stream reader = driver.ours("a");
    driver.report(reader, new PeerReport.ContentLearned(SwarmDriver.content(4, "v")));
    driver.read(reader, 0, 1);
    Stream b = driver.ours("b");
    driver.done(b, 0);
    Stream c = driver.ours("c");
    driver.corrupt(c, 0, "a");
    assertThat(driver.swarm.host(new HostId("a")).orElseThrow().quarantined()).isFalse();
    driver.corrupt(c, 0, "b");
    assertThat(driver.swarm.host(new HostId("b")).orElseThrow().quarantined()).isTrue();
  }

  @Test
  void threeHostsThatGetNoAnswerQuarantineAHostForAShortTime() {
    driver.host("a");
    driver.holder("a", SwarmDriver.content(4, "v"));
    for (String name : List.of("b", "c", "d")) {
      driver.host(name);
      driver.unreachable(driver.ours(name), "a");
    }
    assertThat(driver.swarm.host(new HostId("a")).orElseThrow().quarantined()).isTrue();
    driver.pass(31_000);
    assertThat(driver.swarm.host(new HostId("a")).orElseThrow().quarantined()).isFalse();
  }

  // Coming back, going away.

  @Test
  void aPeerThatRegistersAgainBringsItsPiecesAndServesAtOnce() {
    driver.host("a").host("b");
    Stream first = driver.ours("a", SwarmDriver.content(4, "v"), 0);
    driver.lost(first);
    driver.ours("a", SwarmDriver.content(4, "v"), 0, 1, 2);
    assertThat(driver.ours("b").parents()).containsExactly("a");
    assertThat(driver.swarm.usage().peers()).isEqualTo(2);
  }

  @Test
  void aLateLossOfAnOldStreamDoesNotHarmTheNewOne() {
    driver.host("a").host("b");
    Stream old = driver.ours("a", SwarmDriver.content(4, "v"), 0);
    driver.ours("a", SwarmDriver.content(4, "v"), 0, 1);
    assertThat(old.end.orElseThrow().code()).isEqualTo(EndCode.ABORTED);
    driver.lost(old);
    assertThat(driver.ours("b").parents()).containsExactly("a");
  }

  @Test
  void aHostOfOursThatDownloadsAnewLeavesNoGhostBehindAStreamThatNobodyEnded() {
    driver.host("a").host("b").host("c");
    Stream old = driver.ours("old@a", SwarmDriver.content(4, ""), 0, 1);
    Stream child = driver.ours("b");
    assertThat(child.parents()).containsExactly("old@a");
    driver.holder("holder@a", SwarmDriver.content(4, ""));
    assertThat(old.end).as("to make a holding known ends no download").isEmpty();

    Stream anew = driver.ours("new@a");

    assertThat(old.end.orElseThrow().code()).isEqualTo(EndCode.NOT_FOUND);
    assertThat(child.parents()).doesNotContain("old@a");
    assertThat(anew.end).isEmpty();
    assertThat(driver.ours("c").parents()).doesNotContain("old@a");
  }

  @Test
  void anUpstreamHostMayDownloadATaskTwiceAtATime() {
    driver.host("a");
    Stream first = driver.upstream("first@a", 4);
    Stream second = driver.upstream("second@a", 4);
    assertThat(first.end).isEmpty();
    assertThat(second.end).isEmpty();
  }

  @Test
  void aPeerWhoseStreamBrokeIsForgottenAfterAWhile() {
    driver.host("a");
    driver.lost(driver.ours("a"));
    driver.pass(59_000);
    assertThat(driver.knows("a")).isTrue();
    driver.pass(2_000);
    assertThat(driver.knows("a")).isFalse();
  }

  @Test
  void aSilentHostGoesAfterTwiceItsInterval() {
    driver.host("a");
    driver.holder("a", SwarmDriver.content(4, "v"));
    driver.now += 601_000;
    driver.swarm.collect(driver.now);
    assertThat(driver.swarm.hosts()).isEmpty();
    assertThat(driver.knows("a")).isFalse();
  }

  @Test
  void aHolderOfAnUnknownHostServesWhenTheHostAnnouncesItself() {
    driver.host("b");
    driver.holder("a", SwarmDriver.content(4, "v"));
    Stream child = driver.ours("b", SwarmDriver.download(0, false, true, ""));
    assertThat(child.parents()).isEmpty();
    driver.host("a");
    assertThat(child.parents()).containsExactly("a");
  }

  @Test
  void aRangeIsNoWholeContent() {
    driver.host("a").host("b");
    driver.holder("a", SwarmDriver.content(4, ""));
    Stream ranged =
        driver.upstream("b", 4, SwarmDriver.ranged(new io.dragonfly.common.piece.ByteRange(0, 10)));
    driver.report(ranged, new PeerReport.Started());
    driver.report(
        ranged,
        new PeerReport.PiecesDone(
            List.of(new DonePiece(0, Optional.empty(), Optional.of(new PeerId("a"))))));
    driver.finished(ranged);
    assertThat(
            driver.swarm.peer(SwarmDriver.TASK, new PeerId("b")).orElseThrow().getValue().pieces())
        .isEqualTo(1);
  }

  @Test
  void oneOfOursThatFinishesWithSomePiecesIsNoHolderOfAll() {
    driver.host("a").host("b");
    Stream part = driver.ours("a", SwarmDriver.content(4, "v"), 0);
    driver.done(part, 1);
    driver.finished(part);
    assertThat(
            driver.swarm.peer(SwarmDriver.TASK, new PeerId("a")).orElseThrow().getValue().pieces())
        .isEqualTo(2);
    Stream child = driver.ours("b");
    assertThat(child.parents()).containsExactly("a");
    assertThat(child.last(PeerOrder.OriginLease.class).orElseThrow().held().cardinality())
        .isEqualTo(2);
  }
}
