package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.CLIENT_GONE;
import static io.dragonfly.lab.faults.Fault.CONTROL_C;
import static io.dragonfly.lab.faults.Fault.NOBODY_MAY_READ_THE_ORIGIN;
import static io.dragonfly.lab.faults.Fault.NO_SPACE;
import static io.dragonfly.lab.faults.Fault.PARENT_KILLED;
import static io.dragonfly.lab.faults.Fault.PARENT_STALLS;
import static io.dragonfly.lab.faults.Fault.SCHEDULER_KILLED;
import static io.dragonfly.lab.faults.Fault.SEED_KILLED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Program;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Members of a cluster that die, stall or run full while others download. */
@Timeout(300)
final class HostFaultsTest {
  private static final long MIB = 1 << 20;
  private static final LabContent CONTENT = new LabContent(5, 40 * MIB + 321);

  /** Slow enough that a member can be killed midway. */
  private static final Behaviour SLOW = Behaviour.good().limitedTo(2 * MIB);

  @Test
  void peersGoOnWhenTheSeedIsKilled() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of("seed"), List.of("a", "b"));
        LabOrigin origin = LabOrigin.start(CONTENT, SLOW)) {
      Path first = bench.newOutput();
      Path second = bench.newOutput();
      Program a = bench.start("a", origin.url("/seed"), first);
      Program b = bench.start("b", origin.url("/seed"), second);
      await().atMost(SEED_KILLED.limit()).until(() -> origin.bytesSent() > 10 * MIB);
      bench.cluster.program("seed").kill();
      FaultBench.end(SEED_KILLED, a, first).succeededWith(CONTENT);
      FaultBench.end(SEED_KILLED, b, second).succeededWith(CONTENT);
      assertThat(origin.bytesSent()).as("bytes from the origin").isLessThan(2 * CONTENT.length());
      bench.cachesGrewByTasks(Map.of(), 1);
      bench.returnsToBase();
    }
  }

  @Test
  void peersGoOnWhenTheSchedulerIsKilledAndWhenItComesBack() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of("seed"), List.of("a", "b"));
        LabOrigin origin = LabOrigin.start(CONTENT, SLOW)) {
      Path first = bench.newOutput();
      Path second = bench.newOutput();
      Program a = bench.start("a", origin.url("/scheduler"), first);
      Program b = bench.start("b", origin.url("/scheduler"), second);
      await().atMost(SCHEDULER_KILLED.limit()).until(() -> origin.bytesSent() > 10 * MIB);
      bench.cluster.program("scheduler").kill();
      Thread.sleep(Duration.ofSeconds(2));
      bench.cluster.startScheduler();
      FaultBench.end(SCHEDULER_KILLED, a, first).succeededWith(CONTENT);
      FaultBench.end(SCHEDULER_KILLED, b, second).succeededWith(CONTENT);
      assertThat(origin.bytesSent()).as("bytes from the origin").isLessThan(2 * CONTENT.length());
      bench.cachesGrewByTasks(Map.of(), 1);
      bench.returnsToBase();
    }
  }

  @Test
  void aPeerGoesOnWhenItsParentIsKilled() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of("a", "b"));
        LabOrigin origin = LabOrigin.start(CONTENT, SLOW)) {
      Path first = bench.newOutput();
      Path second = bench.newOutput();
      Program a = bench.start("a", origin.url("/parent"), first);
      await().atMost(PARENT_KILLED.limit()).until(() -> origin.bytesSent() > 5 * MIB);
      Program b = bench.start("b", origin.url("/parent"), second);
      await().atMost(PARENT_KILLED.limit()).until(() -> bench.storedBytes("b") > 0);
      bench.cluster.program("a").kill();
      FaultBench.end(PARENT_KILLED, b, second).succeededWith(CONTENT);
      // The dfget of the killed daemon is told that it is gone, or takes the rest itself.
      FaultBench.Outcome orphan = FaultBench.end(PARENT_KILLED, a, first);
      if (orphan.exitCode() == 0) {
        orphan.succeededWith(CONTENT);
      } else {
        assertThat(first).doesNotExist();
      }
      assertThat(origin.bytesSent()).as("bytes from the origin").isLessThan(2 * CONTENT.length());
      bench.cachesGrewByTasks(Map.of(), 1);
      bench.returnsToBase();
    }
  }

  @Test
  void aParentThatStandsStillIsLeft() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of("a", "b"));
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      bench.run(PARENT_STALLS, "a", origin.url("/stall")).succeededWith(CONTENT);
      bench.cluster.program("a").freeze();
      try {
        bench.run(PARENT_STALLS, "b", origin.url("/stall")).succeededWith(CONTENT);
      } finally {
        bench.cluster.program("a").thaw();
      }
      assertThat(origin.bytesSent())
          .as("bytes from the origin, once for each")
          .isLessThanOrEqualTo(2 * CONTENT.length() * 101 / 100);
      bench.cachesGrewByTasks(Map.of(), 1);
      bench.returnsToBase();
    }
  }

  @Test
  void whereNobodyMayReadTheOriginThatIsSaidSoon() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of("a", "b"));
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      Map<String, Set<Path>> before = bench.caches();
      bench
          .run(NOBODY_MAY_READ_THE_ORIGIN, "a", origin.url("/no"), "--disable-back-to-source")
          .failedSaying("nobody holds", "origin");
      assertThat(origin.requests()).isEmpty();
      bench.cachesReturnTo(before);

      bench.run(NOBODY_MAY_READ_THE_ORIGIN, "b", origin.url("/no")).succeededWith(CONTENT);
      bench
          .run(NOBODY_MAY_READ_THE_ORIGIN, "a", origin.url("/no"), "--disable-back-to-source")
          .succeededWith(CONTENT);
      assertThat(origin.bytesSent()).isLessThanOrEqualTo(CONTENT.length() * 101 / 100);
      bench.returnsToBase();
    }
  }

  @Test
  void aFullDiskIsNamed() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of("seed"), List.of());
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      bench.cluster.startDaemon("tiny", "gc:\n  policy:\n    diskThreshold: 8MiB\n");
      bench.noteBase("tiny");
      bench.run(NO_SPACE, "tiny", origin.url("/space")).failedSaying("space");
      assertThat(bench.cache("tiny")).isEmpty();
      assertThat(origin.bytesSent())
          .as("bytes from the origin, by the seed at most")
          .isLessThanOrEqualTo(CONTENT.length() * 101 / 100);
      bench.returnsToBase();
    }
  }

  @Test
  void aDownloadStopsWhenItsClientIsGone() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of("a"));
        LabOrigin origin = LabOrigin.start(CONTENT, SLOW)) {
      Path output = bench.newOutput();
      Program dfget = bench.start("a", origin.url("/gone"), output);
      await().atMost(CLIENT_GONE.limit()).until(() -> origin.bytesSent() > 24 * MIB);
      dfget.kill();
      await().atMost(CLIENT_GONE.limit()).until(() -> standsStill(origin));
      assertThat(origin.bytesSent()).isLessThan(CONTENT.length());
      assertThat(output).doesNotExist();
      bench.cachesGrewByTasks(Map.of(), 1);
      bench.returnsToBase();

      // What was verified is kept: the next one goes on where this one stopped.
      long before = origin.bytesSent();
      origin.become(CONTENT, Behaviour.good());
      bench.run(CLIENT_GONE, "a", origin.url("/gone")).succeededWith(CONTENT);
      assertThat(origin.bytesSent() - before).isLessThan(CONTENT.length());
      bench.cachesGrewByTasks(Map.of(), 1);
    }
  }

  /** Connections of requests that have ended may stay open for the next ones. */
  private static boolean standsStill(LabOrigin origin) throws InterruptedException {
    long before = origin.bytesSent();
    Thread.sleep(1000);
    return origin.bytesSent() == before;
  }

  @Test
  void controlCLeavesNothingBehind() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of("a"));
        LabOrigin origin = LabOrigin.start(CONTENT, SLOW)) {
      Path output = bench.newOutput();
      Program dfget = bench.start("a", origin.url("/ctrlc"), output, "--transfer-from-dfdaemon");
      await().atMost(CONTROL_C.limit()).until(() -> origin.bytesSent() > 3 * MIB);
      dfget.interrupt();
      assertThat(dfget.await(CONTROL_C.limit())).isEqualTo(130);
      assertThat(output).doesNotExist();
      await().atMost(CONTROL_C.limit()).until(() -> origin.connections() == 0);
      assertThat(origin.bytesSent()).isLessThan(CONTENT.length());
      bench.cachesGrewByTasks(Map.of(), 1);
      bench.returnsToBase();
    }
  }
}
