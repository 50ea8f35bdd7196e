package io.dragonfly.lab.faults;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.shaped.Hosts;
import io.dragonfly.lab.shaped.Node;
import io.dragonfly.lab.upstream.BadParent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What can happen to a swarm, each to one of its own, when the origin has sent a third. */
final class FaultCases {
  private static final Duration DOWN = Duration.ofSeconds(2);
  private static final Duration CUT = Duration.ofSeconds(8);

  private static final Duration START_LIMIT = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofMillis(50);

  /** So long the scheduler believes that an origin fails. */
  private static final Duration VERDICT_OF_ORIGIN = Duration.ofSeconds(5);

  /** A disk has so much more than the content takes, until it is filled. */
  private static final int SPARE_MEBIBYTES = 24;

  /** What a bad origin sends of a body: less than a piece. */
  private static final long BODY = 3 << 20;

  /** An origin that can't be read is not stormed. */
  private static final int MOST_REQUESTS = 12;

  private FaultCases() {}

  /** All, in the order of the documentation. */
  static List<FaultCase> all() {
    return List.of(
        new FaultCase("peer-killed", Fault.PARENT_KILLED, stage -> killed(stage, Hosts.peer(1))),
        new FaultCase("seed-killed", Fault.SEED_KILLED, stage -> killed(stage, Hosts.SEED)),
        new FaultCase(
            "scheduler-killed",
            Fault.SCHEDULER_KILLED,
            stage -> killed(stage, ProcessCluster.SCHEDULER)),
        new FaultCase("peer-cut", Fault.LINK_CUT, stage -> cut(stage, Hosts.peer(1))),
        new FaultCase("seed-cut", Fault.LINK_CUT, stage -> cut(stage, Hosts.SEED)),
        new FaultCase("disk-full", Fault.CACHE_DISK_FULL, FaultCases::diskFull),
        new FaultCase(
            "parent-flips-bits",
            Fault.PARENT_SENDS_WRONG_BYTES,
            stage -> badParent(stage, BadParent.Manner.FLIPS_BITS)),
        new FaultCase(
            "parent-stalls",
            Fault.PARENT_STALLS,
            stage -> badParent(stage, BadParent.Manner.STALLS)),
        new FaultCase("origin-closes", Fault.ORIGIN_CLOSES_MIDWAY, FaultCases::originCloses),
        new FaultCase("origin-stalls", Fault.ORIGIN_STALLS, FaultCases::originStalls),
        new FaultCase("origin-lies", Fault.ORIGIN_LIES_ABOUT_LENGTH, FaultCases::originLies),
        new FaultCase("origin-changes", Fault.ORIGIN_CHANGES_MIDWAY, FaultCases::originChanges));
  }

  private static void begin(Stage stage) throws IOException, InterruptedException {
    stage.start();
    stage.downloadOnAll();
    stage.awaitMidway();
  }

  private static void killed(Stage stage, String member) throws IOException, InterruptedException {
    begin(stage);
    stage.lose(member);
    stage.kill(member);
    Thread.sleep(DOWN);
    stage.restart(member);
  }

  private static void cut(Stage stage, String host) throws IOException, InterruptedException {
    begin(stage);
    stage.lose(host);
    stage.cut(host);
    Thread.sleep(CUT);
    stage.mend(host);
  }

  private static void diskFull(Stage stage) throws IOException, InterruptedException {
    String peer = Hosts.peer(1);
    long room = (stage.content().length() >> 20) + SPARE_MEBIBYTES;
    Tmpfs disk = Tmpfs.mount(stage.cluster.storage(peer), room);
    stage.own(disk);
    begin(stage);
    Path filler = disk.fill();
    stage.expectErrorOn(List.of(peer));
    stage.remedy(_ -> Files.delete(filler));
  }

  /** It has the content, as the seed does, when the peers begin. */
  private static void badParent(Stage stage, BadParent.Manner manner)
      throws IOException, InterruptedException {
    stage.start();
    Node host = stage.node(Stage.STRANGER);
    Program parent =
        Program.start(
            stage.directory.resolve("stranger.log"),
            host.command(
                BadParent.command(
                    manner,
                    host.name(),
                    host.address(),
                    stage.schedulerAddress(),
                    stage.url(),
                    stage.directory.resolve(host.name()))));
    stage.own(parent);
    awaitOutput(parent, BadParent.READY);
    stage.downloadOnAll();
    stage.remedy(_ -> {
      if (!parent.output().contains(BadParent.ASKED)) {
        stage.flaw("nobody asked the bad parent: the case did not happen");
      }
    });
  }

  private static void awaitOutput(Program program, String word)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (!program.output().contains(word)) {
      if (!program.isAlive() || System.nanoTime() > deadline) {
        throw new IOException("the bad parent is not " + word + ": " + program.output().strip());
      }
      Thread.sleep(POLL);
    }
  }

  /** Each body is cut, so that every request brings a part. */
  private static void originCloses(Stage stage) throws IOException, InterruptedException {
    stage.origin.become(stage.content(), Behaviour.good().closingAfter(BODY));
    begin(stage);
    stage.budget.addInFlight(stage.origin);
    stage.remedy(_ -> {
      if (stage.origin.requests().size() < stage.content().length() / BODY) {
        stage.flaw("no body was cut: the case did not happen");
      }
    });
  }

  /** What is under way stands still for ever; whoever asks again is served. */
  private static void originStalls(Stage stage) throws IOException, InterruptedException {
    stage.origin.become(stage.content(), Behaviour.good().stallingAfter(BODY));
    stage.start();
    stage.downloadOnAll();
    stage.awaitSent(BODY);
    Thread.sleep(DOWN);
    stage.budget.addInFlight(stage.origin);
    stage.origin.become(stage.content(), Behaviour.good());
  }

  /**
   * It announces more than there is, until all have failed; whatever it sent then is for nothing.
   */
  private static void originLies(Stage stage) throws IOException, InterruptedException {
    stage.origin.become(stage.content(), Behaviour.good().withoutRanges().lyingBy(999));
    stage.start();
    stage.downloadOnAll();
    stage.expectErrorOn(stage.peers());
    stage.remedy(_ -> {
      if (stage.origin.requests().size() > MOST_REQUESTS) {
        stage.flaw("the origin was asked " + stage.origin.requests().size() + " times");
      }
      // Good before it is counted: an answer that is being stopped is still sent for a moment.
      stage.origin.become(stage.content(), Behaviour.good());
      Thread.sleep(VERDICT_OF_ORIGIN);
      stage.budget.add(stage.origin.bytesSent());
      stage.budget.addStaleRequests();
    });
  }

  /**
   * Both versions are right, and never a mix of them. What is under way ends, and is asked anew.
   */
  private static void originChanges(Stage stage) throws IOException, InterruptedException {
    stage.origin.become(stage.content(), Behaviour.good().closingAfter(BODY));
    begin(stage);
    LabContent other = new LabContent(stage.content().seed() + 1, stage.content().length());
    stage.accept(other);
    stage.budget.addVersion();
    stage.budget.addInFlight(stage.origin);
    int before = stage.origin.requests().size();
    stage.origin.become(other, Behaviour.good().withEtag(Optional.of("\"v2\"")));
    stage.remedy(_ -> {
      if (stage.origin.requests().size() == before) {
        stage.flaw("nobody asked the origin after the change: the case did not happen");
      }
    });
  }
}
