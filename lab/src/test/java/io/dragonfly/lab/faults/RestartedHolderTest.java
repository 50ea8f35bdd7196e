package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.DAEMON_KILLED;
import static io.dragonfly.lab.faults.Fault.SCHEDULER_KILLED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One host alone holds a content; it, or the scheduler, is started anew; then another wants it. */
@Timeout(300)
final class RestartedHolderTest {
  private static final LabContent CONTENT = new LabContent(40, (9 << 20) + 77);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @Test
  void nobodyIsSentToTheOriginForWhatARestartedHostHolds() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of("a"));
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      String url = origin.url("/held");
      bench.run(DAEMON_KILLED, "a", url).succeededWith(CONTENT);
      long sent = origin.bytesSent();

      bench.cluster.program("a").stop();
      Program a = bench.cluster.startPeer("a");
      awaitHoldings(a, 1);
      Program b = bench.cluster.startPeer("b");
      bench.run(DAEMON_KILLED, "b", url).succeededWith(CONTENT);
      assertThat(origin.bytesSent()).as("after a restart of the daemon").isEqualTo(sent);

      b.kill();
      bench.cluster.program(ProcessCluster.SCHEDULER).kill();
      bench.cluster.startScheduler();
      awaitHoldings(a, 2);
      bench.cluster.startPeer("c");
      bench.run(SCHEDULER_KILLED, "c", url).succeededWith(CONTENT);
      assertThat(origin.bytesSent()).as("after a restart of the scheduler").isEqualTo(sent);
    }
  }

  private static void awaitHoldings(Program daemon, int times) {
    await()
        .atMost(PATIENCE)
        .until(() -> daemon.output().split("event=holdings_announced", -1).length > times);
  }
}
