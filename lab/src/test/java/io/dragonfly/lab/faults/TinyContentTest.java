package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.PARENT_STALLS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
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
        assertThat(sentBy(bench, "a")).isZero();
        bench.run(PARENT_STALLS, "b", larger).succeededWith(LARGER);
        await()
            .atMost(PARENT_STALLS.limit())
            .untilAsserted(() -> assertThat(sentBy(bench, "a")).isEqualTo(LARGER.length()));
        bench.run(PARENT_STALLS, "b", tiny).succeededWith(TINY);
        assertThat(origin.bytesSent()).isEqualTo(TINY.length());
        assertThat(sentBy(bench, "a")).isEqualTo(LARGER.length());
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

  /** Bytes of pieces that a daemon has sent to other hosts. */
  private static long sentBy(FaultBench bench, String daemon)
      throws IOException, InterruptedException {
    URI metrics =
        URI.create("http://127.0.0.1:" + bench.cluster.port(daemon + ".metrics") + "/metrics");
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(metrics).timeout(Duration.ofSeconds(30)).build(),
              HttpResponse.BodyHandlers.ofString());
      return answer
          .body()
          .lines()
          .filter(line -> line.startsWith("dragonfly_client_upload_traffic"))
          .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    }
  }
}
