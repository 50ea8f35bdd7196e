package io.dragonfly.lab.faults;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A client of the proxy gets a block that came from a peer before the rest of its piece came. */
@Timeout(180)
final class FirstBlockTest {
  private static final int PIECE = 4 << 20;
  private static final int BLOCK = 64 << 10;
  private static final LabContent CONTENT = new LabContent(59, 2L * PIECE);
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @Test
  void itDoesNotWaitForThePiece() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of("a", "b"));
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      String url = origin.url("/layer");
      bench.run(Fault.PARENT_STALLS, "a", url).succeededWith(CONTENT);
      slowDown(bench);

      try (Socket client =
          new Socket(InetAddress.getLoopbackAddress(), bench.cluster.port("b.proxy"))) {
        client.setSoTimeout((int) LIMIT.toMillis());
        String ask =
            "GET " + url + " HTTP/1.1\r\nHost: origin\r\nX-Dragonfly-Use-P2P: true\r\n\r\n";
        client.getOutputStream().write(ask.getBytes(US_ASCII));
        InputStream answer = client.getInputStream();
        assertThat(head(answer)).startsWith("HTTP/1.1 200 ");
        byte[] expected = new byte[BLOCK];
        CONTENT.read(0, expected, BLOCK);
        assertThat(answer.readNBytes(BLOCK)).isEqualTo(expected);
        assertThat(bench.sentBy("a")).isLessThan(PIECE);
      }
      assertThat(origin.bytesSent()).isEqualTo(CONTENT.length());
    }
  }

  /** A piece takes half a minute from now on. */
  private static void slowDown(FaultBench bench) throws Exception {
    Path file = bench.cluster.configuration("a");
    String text = Files.readString(file);
    Files.writeString(file, text.replace("upload:\n", "upload:\n  bandwidthLimit: 128KiB\n"));
    bench.cluster.program("a").hangUp();
    await()
        .atMost(LIMIT)
        .until(() ->
            bench
                .cluster
                .program("a")
                .output()
                .contains("key=upload.bandwidthLimit bytes_per_second=" + (128 << 10)));
  }

  private static String head(InputStream answer) throws Exception {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = answer.read();
      assertThat(next).as("after %s", head).isNotNegative();
      head.append((char) next);
    }
    return head.toString();
  }
}
