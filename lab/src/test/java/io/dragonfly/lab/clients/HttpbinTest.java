package io.dragonfly.lab.clients;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.process.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** httpbin answers in many ways; through a daemon the answers are what they are without it. */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class HttpbinTest {
  private static final Path MODULE = Path.of("/usr/lib/python3/dist-packages/httpbin/core.py");

  /** What belongs to a connection or a moment, or is ours. */
  private static final Set<String> APART =
      Set.of(
          "date", "connection", "server", "content-length", "transfer-encoding", "accept-ranges");

  private static final Set<String> DESCRIBING =
      Set.of("content-type", "content-encoding", "etag", "location", "www-authenticate");

  /** An answer without what differs from one to the next. */
  private record Answer(String status, Map<String, String> headers, String body) {}

  @SuppressWarnings("NullAway.Init") // set before the first test
  private Bench bench;

  private String url = "";

  @BeforeAll
  void start() throws Exception {
    assumeThat(MODULE).as("apt-get install python3-httpbin").exists();
    bench = Bench.open();
    int port = ProcessCluster.freePort();
    List<String> command = new ArrayList<>(bench.place().enter());
    command.addAll(List.of("/usr/bin/python3", "-m", "httpbin.core"));
    command.addAll(List.of("--host", bench.place().address(), "--port", Integer.toString(port)));
    bench.own(Program.start(bench.newDirectory().resolve("log"), command), port);
    url = "http://" + bench.place().address() + ":" + port;
    bench.start();
  }

  @AfterAll
  void stop() throws Exception {
    if (bench != null) {
      bench.close();
    }
  }

  private Answer ask(List<String> arguments) throws Exception {
    Path directory = bench.newDirectory();
    Path head = directory.resolve("head");
    Path body = Files.createFile(directory.resolve("body"));
    List<String> command = new ArrayList<>(List.of(Tool.CURL.path(), "-sS", "-D", head.toString()));
    command.addAll(List.of("-o", body.toString()));
    command.addAll(arguments);
    bench.run(command);
    List<String> lines = Files.readAllLines(head);
    Map<String, String> headers = new TreeMap<>();
    String status = "";
    for (String line : lines) {
      int colon = line.indexOf(':');
      if (line.startsWith("HTTP/")) {
        status = line.split(" ", 3)[1];
        headers.clear();
      } else if (colon > 0) {
        String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
        if (!APART.contains(name) && !name.startsWith("x-dragonfly-")) {
          headers.put(name, line.substring(colon + 1).strip());
        }
      }
    }
    return new Answer(status, headers, Files.readString(body, ISO_8859_1));
  }

  private Answer through(String daemon, List<String> arguments, String... more) throws Exception {
    List<String> all = new ArrayList<>(List.of("-x", bench.proxy(daemon)));
    all.addAll(List.of(more));
    all.addAll(arguments);
    return ask(all);
  }

  /** Of what comes through the swarm, the headers that describe the content are kept. */
  private static void assertSameContent(Answer answer, Answer direct) {
    assertThat(answer.status).isEqualTo(direct.status);
    assertThat(described(answer)).isEqualTo(described(direct));
    assertThat(answer.body).isEqualTo(direct.body);
  }

  private static Map<String, String> described(Answer answer) {
    Map<String, String> kept = new TreeMap<>(answer.headers);
    kept.keySet().retainAll(DESCRIBING);
    return kept;
  }

  /** The arguments of curl, after one for how a proxy uses the connection to the origin. */
  private List<String> arguments(String request) {
    List<String> arguments = new ArrayList<>(List.of("-H", "Connection: keep-alive"));
    for (String word : request.split(" ", -1)) {
      arguments.add(word.startsWith("/") ? url + word : word.replace('_', ' '));
    }
    return arguments;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/gzip --compressed",
        "/deflate --compressed",
        "/brotli --compressed",
        "/etag/one",
        "/etag/one -H If-Match:two",
        "/cache -H If-Modified-Since:yesterday",
        "/cookies/set?a=1",
        "/redirect/3 -L",
        "/redirect/2",
        "/absolute-redirect/1 -L",
        "/status/418",
        "/anything -d a=1",
        "/put -X PUT -d a=1",
        "/patch -X PATCH -d a=1",
        "/delete -X DELETE",
        "/get -H X-One:1 -H Cookie:a=1",
      })
  void whatIsPassedOnIsAnsweredAsByTheOrigin(String request) throws Exception {
    Answer direct = ask(arguments(request));
    assertThat(through(Bench.ONE, arguments(request))).isEqualTo(direct);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/bytes/100000?seed=1",
        "/stream-bytes/100000?seed=2&chunk_size=1000",
        "/range/100000",
        "/range/100000 -H Range:bytes=1000-1999",
        "/range/100000 -H Range:bytes=-5",
        "/encoding/utf8",
        "/image/png",
        "/etag/one -H If-None-Match:one",
        "/response-headers?X-One=1&Cache-Control=no-store",
        "/status/204",
        "/status/404",
        "/status/503",
        "/drip?duration=1&numbytes=10&code=200",
        "/basic-auth/u/p",
        "/basic-auth/u/p -u u:p",
        "/hidden-basic-auth/u/p",
        "/digest-auth/auth/u/p -u u:p --digest",
        "/bearer",
        "/bearer -H Authorization:Bearer_x",
      })
  void theSameComesThroughTheSwarmAndWithoutIt(String request) throws Exception {
    List<String> arguments = arguments(request);
    Answer direct = ask(arguments);
    assertThat(through(Bench.ONE, arguments)).isEqualTo(direct);
    for (String daemon : List.of(Bench.ONE, Bench.TWO, Bench.TWO)) {
      assertSameContent(through(daemon, arguments, "-H", "X-Dragonfly-Use-P2P: true"), direct);
    }
  }

  @Test
  void theSecondHostGetsWhatHasNoLengthFromItsPeers() throws Exception {
    List<String> arguments = arguments("/stream-bytes/102400?seed=7&chunk_size=4096");
    Answer direct = ask(arguments);
    String header = "X-Dragonfly-Use-P2P: true";
    bench.during(
        Bench.ONE, () -> assertSameContent(through(Bench.ONE, arguments, "-H", header), direct));
    Bench.Traffic two =
        bench.during(
            Bench.TWO,
            () -> assertSameContent(through(Bench.TWO, arguments, "-H", header), direct));
    assertThat(two).isEqualTo(new Bench.Traffic(0, direct.body.length(), 0));
  }
}
