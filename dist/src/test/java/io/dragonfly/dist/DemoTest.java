package io.dragonfly.dist;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.cli.Terminal;
import io.dragonfly.cli.download.Outcome;
import io.dragonfly.cli.download.Shares;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoTest {
  @TempDir private Path directory;

  @Test
  void contentIsTheSameFromWhereverItIsRead() throws Exception {
    DemoContent content = new DemoContent(42, 10_007);
    byte[] whole = new byte[10_007];
    content.read(0, ByteBuffer.wrap(whole));
    for (int offset : new int[] {0, 1, 7, 8, 9, 4095, 9999, 10_006}) {
      byte[] part = new byte[Math.min(301, whole.length - offset)];
      content.read(offset, ByteBuffer.wrap(part));
      assertThat(part).isEqualTo(Arrays.copyOfRange(whole, offset, offset + part.length));
    }
    assertThat(content.sha256())
        .isEqualTo(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(whole)));
    assertThat(new DemoContent(43, 10_007).sha256()).isNotEqualTo(content.sha256());
  }

  @Test
  void originCountsAndKnowsRanges() throws Exception {
    DemoContent content = new DemoContent(1, 1000);
    try (DemoOrigin origin = new DemoOrigin(content, true).start();
        HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<byte[]> part =
          client.send(
              HttpRequest.newBuilder(URI.create(origin.url()))
                  .header("Range", "bytes=10-19")
                  .build(),
              HttpResponse.BodyHandlers.ofByteArray());
      assertThat(part.statusCode()).isEqualTo(206);
      byte[] expected = new byte[10];
      content.read(10, ByteBuffer.wrap(expected));
      assertThat(part.body()).isEqualTo(expected);
      assertThat(part.headers().firstValue("Content-Range")).hasValue("bytes 10-19/1000");
      HttpResponse<byte[]> changed =
          client.send(
              HttpRequest.newBuilder(URI.create(origin.url()))
                  .header("Range", "bytes=10-19")
                  .header("If-Range", "\"other\"")
                  .build(),
              HttpResponse.BodyHandlers.ofByteArray());
      assertThat(changed.statusCode()).isEqualTo(200);
      assertThat(origin.bytes()).isEqualTo(1010);
      assertThat(origin.requests()).isEqualTo(2);
    }
  }

  @Test
  void reportSaysHowOftenTheOriginWasRead() {
    DemoReport report =
        new DemoReport(
            List.of(
                new DemoReport.Row(
                    "peer-1", 2000, new Outcome(2 << 20, new Shares(0, 1 << 20, 1 << 20, 0)), true),
                new DemoReport.Row(
                    "peer-2", 500, new Outcome(2 << 20, new Shares(0, 0, 0, 2 << 20)), false)),
            2 << 20,
            3 << 20,
            OptionalLong.of(1));
    assertThat(report.isGood()).isFalse();
    assertThat(report.toString())
        .isEqualTo(
            """
                      time       rate  from origin  from seed  from peers  from cache    SHA-256
            peer-1   2.0 s  1.0 MiB/s            -    1.0 MiB     1.0 MiB           -      equal
            peer-2  500 ms  4.0 MiB/s      2.0 MiB          -           -           -  DIFFERENT

            The origin sent 3.0 MiB in 1 request, 1.50 times the content (2.0 MiB); 2 peers received\
             4.0 MiB.
            """);
  }

  @Test
  void peersGetTheContentThatTheOriginSendsAboutOnce() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Terminal terminal =
        new Terminal(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            Map.of("TMPDIR", directory.toString()),
            directory,
            /* interactive= */ false);
    DemoOptions options =
        new DemoOptions(Optional.empty(), 2, 9 << 20, /* ranges= */ true, Duration.ZERO);
    int code = new DemoRun(options, terminal, /* progress= */ true).run();
    String text = out.toString(StandardCharsets.UTF_8);
    assertThat(code).as(text + err.toString(StandardCharsets.UTF_8)).isZero();
    assertThat(text).contains("The origin sent 9.0 MiB in", "1.00 times the content");
    assertThat(text.lines().filter(line -> line.endsWith("equal"))).hasSize(2);
    assertThat(directory).isEmptyDirectory();
  }
}
