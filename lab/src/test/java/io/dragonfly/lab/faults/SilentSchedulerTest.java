package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.SCHEDULER_STANDS_STILL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A scheduler that stands still: its connections are open, its machine takes bytes, and nothing
 * comes back. Nobody is told, so the daemons have to find out.
 */
@Timeout(300)
final class SilentSchedulerTest {
  private static final long MIB = 1 << 20;
  private static final LabContent CONTENT = new LabContent(6, 40 * MIB + 321);

  /** Slow enough that the download outlasts the time in which silence is found out. */
  private static final Behaviour SLOW = Behaviour.good().limitedTo(MIB);

  @Test
  void peersKeepWhatTheyHaveAndReadTheRestFromTheOrigin() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of("seed"), List.of("a", "b"));
        LabOrigin origin = LabOrigin.start(CONTENT, SLOW)) {
      Path first = bench.newOutput();
      Path second = bench.newOutput();
      Program a = bench.start("a", origin.url("/midway"), first);
      Program b = bench.start("b", origin.url("/midway"), second);
      // Each of the seed's four requests has brought a piece by then, so both were told of it. (A
      // store's file is as long as its content from the start, so what the peers have does not show
      // in its size.)
      await().atMost(SCHEDULER_STANDS_STILL.limit()).until(() -> origin.bytesSent() > 20 * MIB);
      scheduler(bench).freeze();
      FaultBench.end(SCHEDULER_STANDS_STILL, a, first).succeededWith(CONTENT);
      FaultBench.end(SCHEDULER_STANDS_STILL, b, second).succeededWith(CONTENT);
      // Nobody vouches for what the seed reads from then on; what came before is not read again.
      assertThat(origin.bytesSent())
          .as("bytes from the origin")
          .isLessThan(3 * CONTENT.length() - 2 * 4 * MIB);
      scheduler(bench).thaw();
      bench.cachesGrewByTasks(Map.of(), 1);
      bench.returnsToBase();
    }
  }

  @Test
  void peersThatBeginThenReadTheOrigin() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of("seed"), List.of("a", "b"));
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      // Both are known to the scheduler, and hear nothing from it now.
      bench.run(SCHEDULER_STANDS_STILL, "a", origin.url("/before")).succeededWith(CONTENT);
      bench.run(SCHEDULER_STANDS_STILL, "b", origin.url("/before")).succeededWith(CONTENT);
      scheduler(bench).freeze();
      Path first = bench.newOutput();
      Path second = bench.newOutput();
      Program a = bench.start("a", origin.url("/begin"), first);
      Program b = bench.start("b", origin.url("/begin"), second);
      FaultBench.end(SCHEDULER_STANDS_STILL, a, first).succeededWith(CONTENT);
      FaultBench.end(SCHEDULER_STANDS_STILL, b, second).succeededWith(CONTENT);
      assertThat(origin.bytesSent())
          .as("bytes from the origin, once for both before and once for each then")
          .isLessThanOrEqualTo(3 * CONTENT.length() * 101 / 100);
      scheduler(bench).thaw();
      bench.cachesGrewByTasks(Map.of(), 2);
      bench.returnsToBase();
    }
  }

  @Test
  void theSwarmIsUsedAgainWhenItGoesOn() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of("a", "b"));
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      bench.run(SCHEDULER_STANDS_STILL, "a", origin.url("/before")).succeededWith(CONTENT);
      scheduler(bench).freeze();
      bench.run(SCHEDULER_STANDS_STILL, "b", origin.url("/while")).succeededWith(CONTENT);
      scheduler(bench).thaw();

      long before = origin.bytesSent();
      bench.run(SCHEDULER_STANDS_STILL, "a", origin.url("/after")).succeededWith(CONTENT);
      bench.run(SCHEDULER_STANDS_STILL, "b", origin.url("/after")).succeededWith(CONTENT);
      assertThat(origin.bytesSent() - before)
          .as("bytes from the origin for two downloads")
          .isLessThan(CONTENT.length() + CONTENT.length() / 2);
      bench.cachesGrewByTasks(Map.of(), 2);
      bench.returnsToBase();
    }
  }

  private static Program scheduler(FaultBench bench) {
    return bench.cluster.program(ProcessCluster.SCHEDULER);
  }
}
