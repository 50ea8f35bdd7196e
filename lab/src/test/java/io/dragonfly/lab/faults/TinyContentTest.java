package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.PARENT_STALLS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Content of at most 128 bytes comes with the scheduler's answer, and nobody else is asked. */
@Timeout(180)
final class TinyContentTest {
  private static final LabContent TINY = new LabContent(30, 128);
  private static final LabContent LARGER = new LabContent(31, 129);

  @Test
  void itComesThoughAllWhoHaveItStandStillAndTheOriginIsGone() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of("a", "b", "c"))) {
      String tiny;
      String larger;
      try (LabOrigin origin = LabOrigin.start(TINY, Behaviour.good());
          LabOrigin other = LabOrigin.start(LARGER, Behaviour.good())) {
        tiny = origin.url("/tiny");
        larger = other.url("/larger");
        bench.run(PARENT_STALLS, "a", tiny).succeededWith(TINY);
        bench.run(PARENT_STALLS, "a", larger).succeededWith(LARGER);
        assertThat(origin.bytesSent()).isEqualTo(TINY.length());
        // One byte more has to be sent by its holder, as all content.
        assertThat(bench.sentBy("a")).isZero();
        bench.run(PARENT_STALLS, "b", larger).succeededWith(LARGER);
        await()
            .atMost(PARENT_STALLS.limit())
            .untilAsserted(() -> assertThat(bench.sentBy("a")).isEqualTo(LARGER.length()));
        bench.run(PARENT_STALLS, "b", tiny).succeededWith(TINY);
        assertThat(origin.bytesSent()).isEqualTo(TINY.length());
        assertThat(bench.sentBy("a")).isEqualTo(LARGER.length());
      }
      bench.cluster.program("a").freeze();
      bench.cluster.program("b").freeze();

      Path output = bench.newOutput();
      FaultBench.end(PARENT_STALLS, bench.start("c", tiny, output), output).succeededWith(TINY);

      bench.cluster.program("a").thaw();
      bench.cluster.program("b").thaw();
      bench.returnsToBase();
    }
  }
}
