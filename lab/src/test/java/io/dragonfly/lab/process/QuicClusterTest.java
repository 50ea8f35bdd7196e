package io.dragonfly.lab.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Daemons that fetch over QUIC from each other, each a process of its own. */
@Timeout(180)
final class QuicClusterTest {
  private static final LabContent CONTENT = new LabContent(4006, 20_000_001);
  private static final Duration LIMIT = Duration.ofSeconds(90);

  @TempDir private Path directory;

  @Test
  void contentComesFromTheSeedOverQuic() throws Exception {
    try (ProcessCluster cluster = new ProcessCluster(directory.resolve("c"));
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      cluster.startScheduler();
      Program seed = cluster.startSeed("seed");
      cluster.overQuic();
      cluster.startPeer("peer");
      Path first = directory.resolve("first");
      assertThat(cluster.dfget("seed", origin.url("/quic"), first).await(LIMIT)).isZero();
      assertThat(seed.output()).doesNotContain("event=quic_began");

      Path output = directory.resolve("second");
      Program dfget = cluster.dfget("peer", origin.url("/quic"), output);
      assertThat(dfget.await(LIMIT)).as(dfget.output()).isZero();
      assertThat(Files.mismatch(first, output)).isEqualTo(-1);
      assertThat(dfget.output()).contains("all from the seed");
      assertThat(seed.output()).contains("event=quic_began");
    }
  }
}
