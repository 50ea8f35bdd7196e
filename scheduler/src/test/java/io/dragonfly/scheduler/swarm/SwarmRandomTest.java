package io.dragonfly.scheduler.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.scheduler.origin.OriginFailure;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Random events from many seeds; the invariants are checked after each event. */
final class SwarmRandomTest {
  private static final int SEEDS = 300;
  private static final int EVENTS = 250;
  private static final int HOSTS = 12;
  private static final int PIECES = 6;
  private static final List<FailureReason> REASONS = List.of(FailureReason.values());

  @Test
  void invariantsHoldAfterEveryEventOfHundredsOfRandomHistories() {
    for (long seed = 1; seed <= SEEDS; seed++) {
      new History(seed).run();
    }
  }

  @Test
  void equalSeedsAndEventsGiveEqualActions() {
    for (long seed = 1; seed <= 5; seed++) {
      History first = new History(seed);
      first.run();
      History second = new History(seed);
      second.run();
      assertThat(second.trace()).isEqualTo(first.trace());
    }
  }

  @Test
  void everythingIsGivenBackWhenEverybodyIsGone() {
    for (long seed = 1; seed <= 50; seed++) {
      History history = new History(seed);
      history.run();
      for (int host = 0; host < HOSTS; host++) {
        history.driver.swarm.deleteHost(new HostId("h" + host), history.driver.now);
      }
      history.driver.pass(120_000);
      for (int round = 0; round < 3; round++) {
        history.driver.now += 3 * 86_400_000L;
        history.driver.swarm.tick(history.driver.now);
        history.driver.swarm.collect(history.driver.now);
      }
      assertThat(history.driver.swarm.usage())
          .as("seed " + seed)
          .isEqualTo(new Usage(0, 0, 0, 0, 0, 0));
    }
  }

  /** One random history. */
  private static final class History {
    final SwarmDriver driver;
    final SplittableRandom random;
    final long seed;
    final List<SwarmDriver.Stream> open = new ArrayList<>();
    private int names;
    private int version = 1;

    History(long seed) {
      this.seed = seed;
      this.random = new SplittableRandom(seed);
      this.driver = new SwarmDriver(SwarmSettings.defaults(), seed);
      driver.swarm.limits(
          new SwarmLimits(1 + random.nextInt(4), 10, 1 + random.nextInt(6), 20, List.of()),
          driver.now);
    }

    void run() {
      for (int event = 0; event < EVENTS; event++) {
        try {
          step();
          SwarmInvariants.check(driver);
        } catch (AssertionError | RuntimeException e) {
          throw new AssertionError("seed " + seed + ", event " + event + ": " + e.getMessage(), e);
        }
        open.removeIf(stream -> stream.end.isPresent());
      }
    }

    List<String> trace() {
      return driver.actions.stream().map(History::describe).toList();
    }

    private static String describe(SwarmAction action) {
      return action instanceof SwarmAction.Tell tell
          ? tell.session()
              + " "
              + switch (tell.order()) {
                case PeerOrder.Parents parents -> ids(parents.parents());
                case PeerOrder.Candidates candidates -> ids(candidates.parents());
                default -> tell.order().getClass().getSimpleName();
              }
          : action.toString();
    }

    private static String ids(List<ParentView> parents) {
      return parents.stream().map(parent -> parent.peer().id().value()).toList().toString();
    }

    private void step() {
      int dice = random.nextInt(100);
      if (dice < 8 || driver.now == 0) {
        announce();
      } else if (dice < 30 || open.isEmpty()) {
        register();
      } else if (dice < 88) {
        report(open.get(random.nextInt(open.size())));
      } else if (dice < 90) {
        driver.swarm.deleteHost(host(), driver.now);
      } else if (dice < 92) {
        driver.swarm.deleteTask(host(), task(), driver.now);
      } else if (dice < 94) {
        trigger();
      } else if (dice < 99) {
        driver.pass(random.nextInt(4_000));
      } else {
        driver.now += random.nextInt(200_000);
        driver.swarm.tick(driver.now);
        driver.swarm.collect(driver.now);
      }
    }

    private void announce() {
      int number = random.nextInt(HOSTS);
      driver.host("h" + number, number < 3 ? 1 : 0, "idc" + number % 2, random.nextInt(12) == 0);
    }

    private void register() {
      boolean extension = random.nextInt(3) > 0;
      String name = "p" + names++ + "@h" + random.nextInt(HOSTS);
      Optional<ContentInfo> content =
          !extension || random.nextInt(4) == 0
              ? Optional.of(SwarmDriver.content(PIECES, extension ? "v" + version : ""))
              : Optional.empty();
      BitSet pieces = new BitSet();
      if (extension && content.isPresent() && random.nextInt(2) == 0) {
        for (int piece = 0; piece < PIECES; piece++) {
          pieces.set(piece, random.nextBoolean());
        }
      }
      open.add(
          driver.register(
              task(),
              name,
              extension,
              spec(),
              content,
              pieces,
              pieces.get(0)
                  ? Map.of(0, SwarmDriver.root(random.nextInt(8) == 0 ? 2 : 1))
                  : Map.of(),
              extension && random.nextInt(20) == 0));
    }

    private DownloadSpec spec() {
      return switch (random.nextInt(12)) {
        case 0 -> SwarmDriver.ranged(new ByteRange(0, SwarmDriver.PIECE));
        case 1 -> SwarmDriver.download(0, true, false, "a");
        case 2 -> SwarmDriver.download(0, false, true, "a");
        case 3 -> SwarmDriver.download(1 + random.nextInt(6), false, false, "b");
        case 4 -> SwarmDriver.metadataOnly();
        default -> SwarmDriver.download();
      };
    }

    private void report(SwarmDriver.Stream stream) {
      boolean extension =
          driver
              .swarm
              .peer(stream.task, stream.peer)
              .map(peer -> peer.getValue().extension())
              .orElse(true);
      PeerId other = open.get(random.nextInt(open.size())).peer;
      int piece = random.nextInt(PIECES);
      switch (random.nextInt(extension ? 11 : 8)) {
        case 0, 1, 2 -> {
          driver.report(stream, new PeerReport.Started());
          driver.done(stream, piece);
        }
        case 3 -> driver.lost(stream);
        case 4 -> driver.report(stream, new PeerReport.Finished(random.nextBoolean()));
        case 5 -> driver.report(stream, new PeerReport.Failed("no", false));
        case 6 -> {
          if (extension) {
            driver.report(stream, new PeerReport.ParentsWanted(List.of(other)));
          } else {
            driver.report(stream, new PeerReport.Reschedule(List.of(other)));
          }
        }
        case 7 ->
            driver.report(
                stream,
                new PeerReport.PieceFailed(
                    piece, other, REASONS.get(random.nextInt(REASONS.size()))));
        case 8 -> driver.read(stream, piece, random.nextInt(10) == 0 ? 2 : 1);
        case 9 -> {
          if (random.nextInt(15) == 0) {
            version++;
          }
          driver.report(
              stream, new PeerReport.ContentLearned(SwarmDriver.content(PIECES, "v" + version)));
        }
        default ->
            driver.report(
                stream,
                new PeerReport.OriginFailed(
                    random.nextInt(3) == 0
                        ? SwarmDriver.answered(404)
                        : OriginFailure.unknown("broken")));
      }
      if (!extension && random.nextInt(6) == 0) {
        driver.report(stream, new PeerReport.OriginStarted());
      }
    }

    private void trigger() {
      if (driver.triggers.isEmpty()) {
        return;
      }
      SwarmAction.TriggerSeed trigger = driver.triggers.getLast();
      if (random.nextBoolean()) {
        driver.swarm.triggerFailed(
            trigger.task(), trigger.trigger(), OriginFailure.unknown("gone"), driver.now);
      } else {
        driver.swarm.triggerFinished(
            trigger.task(),
            trigger.trigger(),
            random.nextBoolean() ? Optional.of(SwarmDriver.content(PIECES, "")) : Optional.empty(),
            driver.now);
      }
    }

    private HostId host() {
      return new HostId("h" + random.nextInt(HOSTS));
    }

    private TaskId task() {
      return new TaskId("t" + random.nextInt(2));
    }
  }
}
