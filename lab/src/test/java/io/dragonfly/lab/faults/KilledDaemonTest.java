package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.DAEMON_KILLED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The daemon's own end without a chance to clean up, while it writes outputs. */
@Timeout(300)
final class KilledDaemonTest {
  private static final long MIB = 1 << 20;
  private static final LabContent CONTENT = new LabContent(30, 40 * MIB + 321);

  @Test
  void aKillWhileOutputsAreWrittenLeavesNothingOfThem() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of("a"));
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good().limitedTo(2 * MIB))) {
      Path absent = bench.newOutput();
      Path present = Files.writeString(bench.newOutput(), "precious");
      Program first = bench.start("a", origin.url("/kill"), absent);
      Program second = bench.start("a", origin.url("/kill"), present, "--overwrite");
      Program daemon = bench.cluster.program("a");
      await()
          .atMost(DAEMON_KILLED.limit())
          .until(() -> daemon.openFilesBelow(bench.outputs) >= 2 && origin.bytesSent() > 24 * MIB);
      daemon.kill();

      FaultBench.end(DAEMON_KILLED, first, absent).failedSaying("daemon", "went away");
      FaultBench.Outcome failed = FaultBench.end(DAEMON_KILLED, second, present);
      assertThat(failed.exitCode()).isEqualTo(1);
      assertThat(failed.text()).contains("went away");
      assertThat(present).hasContent("precious");
      boolean nameless = Scratch.hasNamelessFiles(bench.outputs);
      try (var files = Files.list(bench.outputs)) {
        assertThat(
                files.filter(
                    file -> nameless || !file.getFileName().toString().startsWith(".dragonfly-")))
            .as("nothing is left beside the outputs")
            .containsExactly(present);
      }
      await().atMost(DAEMON_KILLED.limit()).until(() -> origin.connections() == 0);

      // What was verified before is there again after the next start.
      long before = origin.bytesSent();
      origin.become(CONTENT, Behaviour.good());
      bench.cluster.startPeer("a");
      bench.noteBase("a");
      bench.run(DAEMON_KILLED, "a", origin.url("/kill")).succeededWith(CONTENT);
      FaultBench.end(
              DAEMON_KILLED, bench.start("a", origin.url("/kill"), present, "--overwrite"), present)
          .succeededWith(CONTENT);
      assertThat(origin.bytesSent() - before)
          .as("bytes read again")
          .isLessThan(CONTENT.length() - 4 * MIB);
      bench.returnsToBase();
    }
  }
}
