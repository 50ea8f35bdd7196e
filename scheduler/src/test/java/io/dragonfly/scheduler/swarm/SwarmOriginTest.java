package io.dragonfly.scheduler.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.scheduler.origin.OriginFailure;
import io.dragonfly.scheduler.swarm.SwarmDriver.Stream;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Who reads the origin. */
final class SwarmOriginTest {
  private final SwarmDriver driver = new SwarmDriver();

  @Test
  void withoutASeedExactlyOnePeerReadsTheOrigin() {
    for (int i = 0; i < 20; i++) {
      driver.host("h" + i);
      if (i % 2 == 0) {
        driver.ours("h" + i);
      } else {
        driver.upstream("h" + i, 4);
      }
    }
    assertThat(readers()).isEqualTo(1);
  }

  @Test
  void aSeedIsAskedFirstAndOnceForAnyNumberOfPeers() {
    driver.seed("s");
    for (int i = 0; i < 20; i++) {
      driver.host("h" + i).ours("h" + i);
    }
    assertThat(driver.triggers).hasSize(1);
    assertThat(readers()).isZero();
    Stream seed = driver.ours("s", SwarmDriver.download(0, true, false, ""));
    assertThat(seed.last(PeerOrder.OriginLease.class)).isPresent();
    assertThat(readers()).isEqualTo(1);
  }

  @Test
  void anAnnouncedSeedIsUsableAtOnceAndAnUnhealthyOneIsNot() {
    driver.seed("s").host("a");
    driver.swarm.seedHealth(new HostId("s"), false);
    Stream peer = driver.ours("a");
    assertThat(driver.triggers).isEmpty();
    assertThat(peer.last(PeerOrder.OriginLease.class)).isPresent();
  }

  @Test
  void aHostIsASeedOnlyAsLongAsItIsAnnouncedAsOne() {
    driver.seed("s").host("a");
    HostId seed = new HostId("s");
    assertThat(driver.swarm.isSeed(seed)).isTrue();
    assertThat(driver.swarm.isSeed(new HostId("a"))).isFalse();
    assertThat(driver.swarm.isSeed(new HostId("nobody"))).isFalse();
    driver.ours("s"); // Its peer outlives the announcement.
    driver.swarm.deleteHost(seed, driver.now);
    assertThat(driver.swarm.isSeed(seed)).isFalse();
  }

  @Test
  void aDemandForTheOriginGrantsNoSecondLease() {
    driver.seed("s").host("a").host("b");
    driver.ours("a");
    Stream greedy = driver.ours("b", SwarmDriver.download(0, true, false, ""));
    assertThat(greedy.last(PeerOrder.OriginLease.class)).isEmpty();
    driver.ours("s", SwarmDriver.download(0, true, false, ""));
    assertThat(readers()).isEqualTo(1);
  }

  @Test
  void aTriggeredSeedThatDoesNotRegisterLosesItToSomebodyWhoWaits() {
    driver.seed("s").host("a");
    Stream peer = driver.ours("a");
    driver.pass(11_000);
    assertThat(driver.cancelled).containsExactly(driver.triggers.getFirst().trigger());
    assertThat(peer.last(PeerOrder.OriginLease.class)).isPresent();
  }

  @Test
  void aLeaseWithoutProgressMovesOnAndTheOldHolderIsTold() {
    driver.host("a").host("b");
    Stream a = driver.ours("a");
    Stream b = driver.ours("b");
    driver.pass(21_000);
    assertThat(a.last(PeerOrder.OriginRevoked.class)).isPresent();
    assertThat(b.last(PeerOrder.OriginLease.class)).isPresent();
  }

  @Test
  void progressKeepsALeaseAndRepeatingANumberIsNone() {
    driver.host("a").host("b");
    Stream a = driver.ours("a");
    Stream b = driver.ours("b");
    for (int i = 1; i <= 10; i++) {
      driver.report(a, new PeerReport.OriginProgress(i * 1000L));
      driver.pass(9_000);
    }
    assertThat(b.last(PeerOrder.OriginLease.class)).isEmpty();
    for (int i = 0; i < 4; i++) {
      driver.report(a, new PeerReport.OriginProgress(10_000));
      driver.pass(4_000);
    }
    assertThat(b.last(PeerOrder.OriginLease.class)).isPresent();
  }

  @Test
  void whoStillReadsWhenAnotherHasReadMoreIsToldToStop() {
    driver.host("a").host("b");
    Stream a = driver.ours("a");
    driver.report(a, new PeerReport.OriginProgress(6_000_000));
    // It was cut off before, and its requests went on: this is how it comes back.
    Stream b = driver.ours("b");
    driver.report(b, new PeerReport.OriginProgress(5_000_000));
    assertThat(b.last(PeerOrder.OriginRevoked.class)).isPresent();
    assertThat(b.last(PeerOrder.OriginLease.class)).isEmpty();
    assertThat(a.last(PeerOrder.OriginRevoked.class)).isEmpty();
  }

  @Test
  void whoComesBackToANewSchedulerAndHasReadMoreThanItsLeaseholderReadsOn() {
    driver.host("a").host("b");
    Stream a = driver.ours("a");
    assertThat(a.last(PeerOrder.OriginLease.class)).isPresent();
    Stream b = driver.ours("b");
    driver.report(b, new PeerReport.OriginProgress(5_000_000));
    assertThat(a.last(PeerOrder.OriginRevoked.class)).isPresent();
    assertThat(b.last(PeerOrder.OriginLease.class)).isPresent();
    assertThat(readers()).isEqualTo(1);
    // What the other one still had to say changes nothing.
    driver.report(a, new PeerReport.OriginProgress(1_000_000));
    assertThat(b.last(PeerOrder.OriginRevoked.class)).isEmpty();
    assertThat(readers()).isEqualTo(1);
  }

  @Test
  void afterARestartOfTheSchedulerPeersAreWaitedForBeforeAnybodyReadsWhatTheyMayHold() {
    SwarmDriver fresh = SwarmDriver.fresh().host("a").host("b");
    Stream a = fresh.ours("a", SwarmDriver.content(4, "v1"));
    fresh.pass(1_000);
    fresh.ours("b", SwarmDriver.content(4, "v1"), 0, 1, 2, 3);
    fresh.pass(10_000);
    assertThat(a.last(PeerOrder.OriginLease.class)).isEmpty();
  }

  @Test
  void afterARestartOfTheSchedulerNobodyWaitsLong() {
    SwarmDriver fresh = SwarmDriver.fresh().host("a");
    Stream a = fresh.ours("a", SwarmDriver.content(4, "v1"));
    fresh.pass(3_000);
    assertThat(a.last(PeerOrder.OriginLease.class)).isPresent();
  }

  @Test
  void aNewcomerAtARestartedSchedulerWaitsForThoseWhoMayHoldTheContent() {
    SwarmDriver restarted = SwarmDriver.restarted().host("a").host("b");
    Stream newcomer = restarted.ours("a");
    restarted.pass(1_000);
    restarted.ours("b", SwarmDriver.content(4, "v1"), 0, 1, 2, 3);
    restarted.pass(10_000);
    assertThat(newcomer.last(PeerOrder.OriginLease.class)).isEmpty();
  }

  @Test
  void aNewcomerAtARestartedSchedulerDoesNotWaitLong() {
    SwarmDriver restarted = SwarmDriver.restarted().host("a");
    Stream newcomer = restarted.ours("a");
    restarted.pass(3_000);
    assertThat(newcomer.last(PeerOrder.OriginLease.class)).isPresent();
  }

  @Test
  void aLonelyReaderOfASlowOriginKeepsItsLease() {
    driver.host("a");
    Stream a = driver.ours("a");
    driver.pass(300_000);
    assertThat(a.last(PeerOrder.OriginRevoked.class)).isEmpty();
    assertThat(a.end).isEmpty();
  }

  @Test
  void aLostStreamAndALostHostMoveTheLease() {
    driver.host("a").host("b").host("c");
    Stream a = driver.ours("a");
    Stream b = driver.ours("b");
    Stream c = driver.ours("c");
    driver.lost(a);
    assertThat(b.last(PeerOrder.OriginLease.class)).isPresent();
    driver.swarm.deleteHost(new HostId("b"), driver.now);
    assertThat(c.last(PeerOrder.OriginLease.class)).isPresent();
  }

  @Test
  void aLeaseSaysWhichPiecesOthersHold() {
    driver.host("a").host("b");
    driver.ours("a", SwarmDriver.content(4, "v"), 1, 2);
    Stream b = driver.ours("b");
    driver.lost(driver.stream("a"));
    assertThat(b.last(PeerOrder.OriginLease.class).orElseThrow().held())
        .isEqualTo(SwarmDriver.bits(1, 2));
  }

  @Test
  void aPermanentRefusalIsSharedWithEqualHeadersAndOthersGetTheLease() {
    driver.host("a").host("b").host("c").host("u");
    Stream a = driver.ours("a", SwarmDriver.download(0, false, false, "token1"));
    Stream b = driver.ours("b", SwarmDriver.download(0, false, false, "token1"));
    Stream u = driver.upstream("u", 4, SwarmDriver.download(0, false, false, "token1"));
    Stream c = driver.ours("c", SwarmDriver.download(0, false, false, "token2"));
    driver.report(a, new PeerReport.OriginFailed(SwarmDriver.answered(403)));
    assertThat(b.last(PeerOrder.OriginRefused.class).orElseThrow().failure().status())
        .hasValue(403);
    assertThat(u.end.orElseThrow().code()).isEqualTo(EndCode.FAILED_PRECONDITION);
    assertThat(c.last(PeerOrder.OriginRefused.class)).isEmpty();
    assertThat(c.last(PeerOrder.OriginLease.class)).isPresent();
  }

  @Test
  void afterTwoHostsGotAPassingErrorTheOthersNeedNotAsk() {
    driver.host("a").host("b").host("c").host("d").host("u");
    Stream a = driver.ours("a");
    Stream b = driver.ours("b");
    Stream c = driver.ours("c");
    Stream u = driver.upstream("u", 4);
    driver.report(a, new PeerReport.OriginFailed(SwarmDriver.answered(503)));
    assertThat(c.last(PeerOrder.OriginRefused.class)).isEmpty();
    driver.report(b, new PeerReport.OriginFailed(SwarmDriver.answered(503)));
    assertThat(c.last(PeerOrder.OriginRefused.class).orElseThrow().failure().status())
        .hasValue(503);
    assertThat(c.last(PeerOrder.OriginLease.class)).isEmpty();
    assertThat(u.end.orElseThrow().code()).isEqualTo(EndCode.FAILED_PRECONDITION);
    Stream late = driver.ours("d");
    assertThat(late.last(PeerOrder.OriginRefused.class)).isPresent();
    driver.pass(6_000);
    driver.host("e");
    assertThat(driver.ours("e").last(PeerOrder.OriginLease.class)).isPresent();
  }

  @Test
  void anOriginThatGaveThreeHostsNothingInTheirTimeIsUnreadable() {
    driver.host("a").host("b").host("c").host("d");
    Stream a = driver.ours("a");
    Stream b = driver.ours("b");
    Stream c = driver.ours("c");
    Stream d = driver.ours("d");
    driver.report(a, new PeerReport.OriginProgress(0));
    driver.pass(21_000);
    assertThat(a.last(PeerOrder.OriginRevoked.class)).isPresent();
    driver.report(b, new PeerReport.OriginProgress(0));
    driver.pass(41_000);
    assertThat(d.last(PeerOrder.OriginRefused.class)).isEmpty();
    driver.report(c, new PeerReport.OriginProgress(0));
    driver.pass(81_000);
    assertThat(d.last(PeerOrder.OriginRefused.class).orElseThrow().failure().status()).isEmpty();
  }

  @Test
  void whoDoesNotAnswerLosesTheOriginSoonAndSaysNothingAboutIt() {
    driver.host("a").host("b").host("c").host("d");
    Stream a = driver.ours("a");
    driver.ours("b");
    driver.ours("c");
    Stream d = driver.ours("d");
    driver.pass(6_000);
    assertThat(a.last(PeerOrder.OriginRevoked.class)).isPresent();
    driver.pass(12_000);
    assertThat(d.last(PeerOrder.OriginRefused.class)).isEmpty();
    assertThat(d.last(PeerOrder.OriginLease.class)).isPresent();
    driver.report(a, new PeerReport.OriginProgress(0));
    assertThat(d.last(PeerOrder.OriginRevoked.class)).isEmpty();
  }

  /** Else it would read what the others hold. */
  @Test
  void whoTakesTheOriginOverGetsParentsThoughAllPlacesAreTaken() {
    int peers = 40;
    for (int i = 0; i < peers; i++) {
      driver.host("h" + i);
      driver.ours("h" + i, SwarmDriver.content(4, "v"), 1);
    }
    driver.pass(3_000);
    assertThat(driver.stream("h0").last(PeerOrder.OriginLease.class)).isPresent();
    driver.seed("s");
    driver.report(driver.stream("h0"), new PeerReport.OriginFailed(SwarmDriver.answered(503)));
    Stream seed = driver.ours("s");
    assertThat(seed.last(PeerOrder.OriginLease.class)).isPresent();
    assertThat(seed.parents()).hasSizeGreaterThan(5);
  }

  @Test
  void whoStillGetsPiecesOfParentsIsNotToldThatTheOriginIsAway() {
    driver.host("a").host("b").host("c").host("d");
    driver.ours("a", SwarmDriver.content(4, "v"), 1, 2);
    Stream b = driver.ours("b");
    Stream c = driver.ours("c");
    OriginFailure silent = OriginFailure.found(OptionalInt.empty(), Map.of(), "no route");
    driver.report(driver.stream("a"), new PeerReport.OriginFailed(silent));
    driver.report(b, new PeerReport.OriginFailed(silent));
    driver.report(c, new PeerReport.OriginFailed(silent));
    Stream d = driver.ours("d");
    assertThat(d.last(PeerOrder.OriginRefused.class)).isEmpty();
    assertThat(d.last(PeerOrder.Parents.class)).isPresent();
  }

  @Test
  void aPassingFailureLetsTheNextTryAndAtLastEverybodyKnows() {
    driver.host("a").host("b");
    Stream a = driver.ours("a");
    Stream b = driver.ours("b");
    OriginFailure broken = OriginFailure.unknown("connection reset");
    driver.report(a, new PeerReport.OriginFailed(broken));
    assertThat(b.last(PeerOrder.OriginLease.class)).isPresent();
    for (int round = 0; round < 20 && (a.end.isEmpty() || b.end.isEmpty()); round++) {
      driver.report(a, new PeerReport.OriginFailed(broken));
      driver.report(b, new PeerReport.OriginFailed(broken));
      driver.pass(31_000);
    }
    assertThat(a.end.orElseThrow().code()).isEqualTo(EndCode.FAILED_PRECONDITION);
    assertThat(b.end.orElseThrow().text()).contains("connection reset");
  }

  @Test
  void aSeedWhoseCallFailsLosesTheLease() {
    driver.seed("s").host("a");
    Stream a = driver.ours("a");
    Stream seed = driver.ours("s", SwarmDriver.download(0, true, false, ""));
    driver.swarm.triggerFailed(
        SwarmDriver.TASK,
        driver.triggers.getFirst().trigger(),
        OriginFailure.unknown("gone"),
        driver.now);
    assertThat(seed.last(PeerOrder.OriginRevoked.class)).isPresent();
    assertThat(a.last(PeerOrder.OriginLease.class)).isPresent();
  }

  @Test
  void aSeedThatReadsAllAndFailsThenIsNotAskedAgain() {
    driver.seed("s").host("a");
    Stream a = driver.ours("a");
    long call = driver.triggers.getFirst().trigger();
    Stream seed = driver.ours("s", SwarmDriver.download(0, true, false, ""));
    driver.report(seed, new PeerReport.ContentLearned(SwarmDriver.content(2, "v")));
    driver.read(seed, 0, 1);
    driver.read(seed, 1, 2);
    driver.finished(seed);
    // It compares all of it with the digest, and drops it.
    driver.swarm.triggerFailed(
        SwarmDriver.TASK, call, OriginFailure.unknown("another digest"), driver.now);
    assertThat(driver.swarm.deleteTask(new HostId("s"), SwarmDriver.TASK, driver.now)).isTrue();
    assertThat(driver.triggers).hasSize(1);
    assertThat(a.last(PeerOrder.OriginLease.class)).isPresent();
  }

  @Test
  void aSeedThatFinishesItsCallWithoutRegisteringIsAHolder() {
    driver.seed("s").host("a");
    Stream a = driver.ours("a");
    driver.swarm.triggerFinished(
        SwarmDriver.TASK,
        driver.triggers.getFirst().trigger(),
        Optional.of(SwarmDriver.content(1, "")),
        driver.now);
    assertThat(a.last(PeerOrder.Content.class).orElseThrow().content())
        .isEqualTo(SwarmDriver.content(1, ""));
    assertThat(a.parents()).containsExactly("recorded-s");
  }

  @Test
  void contentOfUnknownLengthIsWaitedForWhileItsReaderMakesProgress() {
    driver.host("a").host("b");
    Stream a = driver.ours("a");
    Stream b = driver.ours("b");
    ContentInfo unknown = new ContentInfo(OptionalLong.empty(), 0, "v", Map.of());
    driver.report(a, new PeerReport.ContentLearned(unknown));
    for (int i = 1; i < 20; i++) {
      driver.report(a, new PeerReport.OriginProgress(i));
      driver.pass(5_000);
    }
    assertThat(b.last(PeerOrder.OriginLease.class)).isEmpty();
    assertThat(b.end).isEmpty();
    driver.report(a, new PeerReport.ContentLearned(SwarmDriver.content(3, "v")));
    driver.done(a, 0, 1, 2);
    assertThat(b.last(PeerOrder.Content.class).orElseThrow().content())
        .isEqualTo(SwarmDriver.content(3, "v"));
    assertThat(b.parents()).containsExactly("a");
  }

  @Test
  void aPeerOfAnUnknownHostNeverReadsTheOriginAndIsToldToAnnounceItself() {
    Stream a = driver.ours("a");
    driver.pass(6_000);
    assertThat(a.last(PeerOrder.OriginLease.class)).isEmpty();
    assertThat(a.end.orElseThrow().code()).isEqualTo(EndCode.NOT_FOUND);
  }

  @Test
  void aPeerThatMayNotReadTheOriginWaitsForAHolderButNotForEver() {
    driver.host("a");
    Stream a = driver.ours("a", SwarmDriver.download(0, false, true, ""));
    for (int host = 0; host < 14; host++) {
      driver.pass(4_000);
      driver.host("after a restart " + host);
    }
    driver.pass(3_000);
    assertThat(a.end).isEmpty();
    driver.pass(2_000);
    assertThat(a.end.orElseThrow().code()).isEqualTo(EndCode.FAILED_PRECONDITION);
    assertThat(a.last(PeerOrder.OriginLease.class)).isEmpty();
  }

  @Test
  void aPeerThatMayNotReadTheOriginIsToldSoonWhereNobodyMay() {
    driver.seed("a").host("b");
    Stream a = driver.ours("a", SwarmDriver.download(0, false, true, ""));
    Stream b = driver.ours("b", SwarmDriver.download(0, false, true, ""));
    driver.pass(4_000);
    assertThat(a.end).isEmpty();
    driver.pass(2_000);
    assertThat(a.end.orElseThrow().code()).isEqualTo(EndCode.FAILED_PRECONDITION);
    assertThat(driver.triggers).as("for the other").hasSize(1);
    assertThat(b.end).isEmpty();
    driver.pass(20_000);
    assertThat(b.end).as("while the seed is asked").isEmpty();
  }

  @Test
  void prioritiesForbidRefuseOrSendToTheOrigin() {
    driver.seed("s").host("a").host("b").host("c").host("d");
    assertThat(driver.ours("d", SwarmDriver.download(1, false, false, "")).end)
        .hasValueSatisfying(end -> {
          assertThat(end.code()).isEqualTo(EndCode.PERMISSION_DENIED);
          assertThat(end.text()).contains("LEVEL1");
        });
    assertThat(driver.upstream("a", 4, SwarmDriver.download(1, false, false, "")).end)
        .hasValueSatisfying(end -> {
          assertThat(end.code()).isEqualTo(EndCode.FAILED_PRECONDITION);
          assertThat(end.text()).isEqualTo("LEVEL1 peer is forbidden");
        });
    assertThat(driver.upstream("b", 4, SwarmDriver.download(2, false, false, "")).end)
        .hasValueSatisfying(end -> assertThat(end.code()).isEqualTo(EndCode.NOT_FOUND));
    assertThat(driver.upstream("c", 4, SwarmDriver.download(3, false, false, "")).orders)
        .first()
        .isInstanceOf(PeerOrder.NeedBackToSource.class);
    assertThat(driver.triggers).isEmpty();
  }

  @Test
  void aPriorityIsTheApplicationsWhenTheDownloadHasNone() {
    SwarmLimits limits =
        new SwarmLimits(
            4,
            15,
            200,
            2000,
            List.of(
                new SwarmLimits.ApplicationPriority(
                    "app", 4, List.of(new SwarmLimits.UrlPriority(Pattern.compile("blob"), 1)))));
    assertThat(limits.priority(application("http://x/blob/1", 0))).isEqualTo(1);
    assertThat(limits.priority(application("http://x/file", 0))).isEqualTo(4);
    assertThat(limits.priority(application("http://x/blob/1", 2))).isEqualTo(2);
  }

  @Test
  void aChildThatItsOnlyHolderCannotServeReadsTheOriginItself() {
    driver.host("a").host("b");
    driver.holder("a", SwarmDriver.content(4, "v"));
    Stream b = driver.ours("b");
    driver.corrupt(b, 0, "a");
    driver.pass(6_000);
    assertThat(b.last(PeerOrder.OriginLease.class)).isPresent();
  }

  @Test
  void upstreamPeersThatGoToTheOriginByThemselvesAreWaitedFor() {
    driver.host("a").host("b").host("h");
    Stream h = driver.ours("h", SwarmDriver.content(4, ""), 0);
    Stream a = driver.upstream("a", 4);
    assertThat(a.parents()).containsExactly("h");
    driver.lost(h);
    driver.report(a, new PeerReport.OriginStarted());
    Stream b = driver.ours("b");
    assertThat(b.last(PeerOrder.OriginLease.class)).isEmpty();
  }

  private static DownloadSpec application(String url, int priority) {
    DownloadSpec plain = SwarmDriver.download();
    return new DownloadSpec(
        url,
        plain.digest(),
        plain.tag(),
        Optional.of("app"),
        0,
        priority,
        List.of(),
        "",
        Optional.empty(),
        false,
        false,
        false,
        8,
        Opaque.EMPTY);
  }

  private long readers() {
    BitSet reading = new BitSet();
    driver.peers.forEach((name, stream) -> {
      boolean leads =
          stream.last(PeerOrder.OriginLease.class).isPresent()
              || stream.last(PeerOrder.NeedBackToSource.class).isPresent();
      if (leads && stream.last(PeerOrder.OriginRevoked.class).isEmpty()) {
        reading.set((int) stream.session);
      }
    });
    return reading.cardinality();
  }

  @Test
  void thatContentWasReadWithCredentialsIsToldToAllAndNeverForgotten() {
    driver.host("a").host("b").host("c").host("d");
    Stream a = driver.ours("a");
    Stream b = driver.ours("b");
    ContentInfo guarded = SwarmDriver.content(2, "v").guardedBy("here");
    driver.report(a, new PeerReport.ContentLearned(guarded));
    driver.done(a, 0, 1);
    assertThat(b.last(PeerOrder.Content.class).orElseThrow().content().guard()).isEqualTo("here");

    driver.holder("c", SwarmDriver.content(2, "v"));
    Stream d = driver.ours("d");
    assertThat(d.last(PeerOrder.Content.class).orElseThrow().content().guard()).isEqualTo("here");
  }

  @Test
  void aWordThatContentIsGuardedReachesThoseWhoHeardOtherwise() {
    driver.host("a").host("b");
    Stream a = driver.ours("a");
    driver.report(a, new PeerReport.ContentLearned(SwarmDriver.content(2, "v")));
    driver.holder("b", SwarmDriver.content(2, "v").guardedBy("here"));

    assertThat(a.last(PeerOrder.Content.class).orElseThrow().content().guard()).isEqualTo("here");
  }
}
