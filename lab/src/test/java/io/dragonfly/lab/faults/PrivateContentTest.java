package io.dragonfly.lab.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What one user may read and another may not, while it is hot: on real daemons. */
@Timeout(300)
final class PrivateContentTest {
  private static final LabContent CONTENT = new LabContent(71, 9_000_001);
  private static final String MINE = "Authorization: Bearer mine";
  private static final String OTHER = "Authorization: Bearer other";

  @Test
  void whoMayNotReadTheOriginGetsNothingFromDiskNorFromPeers() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of("seed"), List.of("one", "two"));
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good().onlyFor("Bearer mine"))) {
      String url = origin.url("/private");
      download(bench, "one", url, "--header", MINE).succeededWith(CONTENT);
      download(bench, "one", url, "--header", OTHER).failedSaying("401");
      download(bench, "one", url).failedSaying("401");
      download(bench, "two", url, "--header", OTHER).failedSaying("401");
      download(bench, "two", url).failedSaying("401");
      download(bench, "two", url, "--header", MINE).succeededWith(CONTENT);
      download(bench, "two", url, "--header", OTHER).failedSaying("401");

      assertThat(origin.bytesSent()).isBetween(CONTENT.length(), CONTENT.length() * 101 / 100);
    }
  }

  private static FaultBench.Outcome download(
      FaultBench bench, String daemon, String url, String... more) throws Exception {
    return bench.run(Fault.ORIGIN_REFUSES, daemon, url, more);
  }
}
