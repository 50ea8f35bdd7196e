package io.dragonfly.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.daemon.ProxyDaemon.Run;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where an answer's bytes come from, as curl is told. */
class BytesToldTest {
  private static final int PIECE = 4 << 20;
  private static final int LENGTH = 2 * PIECE + 12345;

  @TempDir Path dir;
  private final byte[] content = new byte[LENGTH];
  private TlsOrigin origin;
  private ProxyDaemon daemon;
  private Path ours;

  @BeforeEach
  void start() throws Exception {
    new Random(1).nextBytes(content);
    origin = new TlsOrigin(dir.resolve("origin"), "");
    origin.put("file", content);
    ours = ProxyDaemon.export(dir);
    daemon = ProxyDaemon.of(dir, origin, "", "registryMirror: {addr: '" + origin.base() + "'}");
  }

  @AfterEach
  void stop() {
    daemon.close();
    origin.close();
  }

  private Run mirror(String... more) throws Exception {
    String[] all = Arrays.copyOf(more, more.length + 3);
    all[more.length] = "-H";
    all[more.length + 1] = "X-Dragonfly-Use-P2P: true";
    all[more.length + 2] = "http://127.0.0.1:" + daemon.port() + "/file";
    return daemon.curlWithout(all);
  }

  @Test
  void aClientThatTakesTrailersIsToldTheBytesBySource() throws Exception {
    Run first = mirror("-H", "TE: trailers");
    assertThat(first.err()).isEmpty();
    assertThat(first.out()).isEqualTo(content);
    assertThat(first.lines())
        .contains("transfer-encoding: chunked", "trailer: x-dragonfly-bytes")
        .contains("x-dragonfly-cached-bytes: 0")
        .noneMatch(line -> line.startsWith("content-length"));
    assertThat(first.trailer())
        .isEqualTo("x-dragonfly-bytes: cache=0, peers=0, seed=0, origin=" + LENGTH);

    Run second = mirror("-H", "TE: trailers");
    assertThat(second.out()).isEqualTo(content);
    assertThat(second.lines()).contains("x-dragonfly-cached-bytes: " + LENGTH);
    assertThat(second.trailer())
        .isEqualTo("x-dragonfly-bytes: cache=" + LENGTH + ", peers=0, seed=0, origin=0");
  }

  @Test
  void whoDoesNotAskForTrailersGetsTheLengthAndWhatIsKnownAtTheBeginning() throws Exception {
    for (String asked : List.of("TE;", "TE: gzip", "X-None: 1")) {
      Run run = mirror("-H", asked);
      assertThat(run.out()).isEqualTo(content);
      assertThat(run.lines())
          .contains("content-length: " + LENGTH)
          .noneMatch(line -> line.startsWith("trailer") || line.startsWith("x-dragonfly-bytes"));
    }
    assertThat(mirror().lines()).contains("x-dragonfly-cached-bytes: " + LENGTH);
    Run old = mirror("--http1.0", "-H", "TE: trailers");
    assertThat(old.out()).isEqualTo(content);
    assertThat(old.lines()).contains("content-length: " + LENGTH);
  }

  @Test
  void whatIsHereInPartIsToldForEachRange() throws Exception {
    Run one = mirror("-r", "0-" + (PIECE - 1));
    assertThat(one.lines()).contains("content-length: " + PIECE, "x-dragonfly-cached-bytes: 0");
    String range = (PIECE - 5) + "-" + (PIECE + 6);
    Run two = mirror("-r", range, "-H", "TE: trailers");
    assertThat(two.out()).isEqualTo(Arrays.copyOfRange(content, PIECE - 5, PIECE + 7));
    assertThat(two.lines()).contains("x-dragonfly-cached-bytes: 5");
    assertThat(two.trailer()).isEqualTo("x-dragonfly-bytes: cache=5, peers=0, seed=0, origin=7");

    Run parts = mirror("-r", "0-1,4-6," + (2 * PIECE) + "-" + (2 * PIECE), "-H", "TE: trailers");
    assertThat(parts.lines()).contains("x-dragonfly-cached-bytes: 5");
    assertThat(parts.trailer()).isEqualTo("x-dragonfly-bytes: cache=5, peers=0, seed=0, origin=1");
  }

  @Test
  void overHttp2ItIsTheSame() throws Exception {
    String p2p = "X-Dragonfly-Use-P2P: true";
    String url = origin.base() + "/file";
    for (String bytes : List.of("cache=0, peers=0, seed=0, origin=", "cache=")) {
      Run run =
          daemon.curl("--http2", "--cacert", ours.toString(), "-H", p2p, "-H", "TE: trailers", url);
      assertThat(run.err()).isEmpty();
      assertThat(run.out()).isEqualTo(content);
      assertThat(run.lines()).contains("http/2 200", "trailer: x-dragonfly-bytes");
      assertThat(run.trailer()).startsWith("x-dragonfly-bytes: " + bytes + LENGTH);
    }
    Run plain = daemon.curl("--http2", "--cacert", ours.toString(), "-H", p2p, url);
    assertThat(plain.lines())
        .contains("content-length: " + LENGTH, "x-dragonfly-cached-bytes: " + LENGTH);
  }
}
