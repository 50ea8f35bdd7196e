package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.tls.CertificateAuthority;
import io.dragonfly.common.tls.OwnAuthority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTPS through the proxy, by curl and other real clients, from a real origin with TLS. */
class InterceptionTest {
  private static final int LENGTH = 2 * (4 << 20) + 4321;

  @TempDir Path dir;
  private final byte[] content = new byte[LENGTH];
  private TlsOrigin origin;
  private @Nullable Daemon daemon;
  private OwnAuthority own;

  /** What curl did, and the file with what it got. */
  private record Run(int code, Path file, String err) {
    byte[] out() throws IOException {
      return Files.readAllBytes(file);
    }

    String text() throws IOException {
      return new String(out(), ISO_8859_1);
    }
  }

  @BeforeEach
  void start() throws Exception {
    new Random(1).nextBytes(content);
    origin =
        new TlsOrigin(
            dir.resolve("origin"),
            """
            location /echo { return 200 "$request_method $http_host $http_x_dragonfly_tag$http_proxy_authorization"; }
            """);
    origin.put("file", content);
    own = new OwnAuthority(dir.resolve("one/ca"));
  }

  @AfterEach
  void stop() {
    if (daemon != null) {
      daemon.close();
    }
    origin.close();
  }

  private void daemon(String server, String rules) throws Exception {
    Daemon made =
        new Daemon(
            LoopbackConfig.ofProxy(
                dir,
                "one",
                """
                backend: {caCert: %s}
                proxy:
                  server: {ip: 127.0.0.1, port: 0%s}
                  rules: [%s]
                """
                    .formatted(origin.authority(), server, rules)),
            dir.resolve("dynconfig.yaml"));
    daemon = made;
    made.start();
  }

  private Daemon running() {
    return Objects.requireNonNull(daemon);
  }

  /** The rule for the origin's files. */
  private String rule() {
    return "{regex: '^https://localhost:" + origin.port() + "/file'}";
  }

  private Path exported() throws Exception {
    CertificateAuthority authority = own.readOrMake("one");
    own.export();
    return Files.writeString(dir.resolve("ours.pem"), authority.pem());
  }

  private Run curl(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "curl", "-sS", "--noproxy", "", "-x", "http://127.0.0.1:" + running().proxyPort()));
    command.addAll(List.of(arguments));
    Path out = dir.resolve("out");
    Path err = dir.resolve("err");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.toLowerCase(Locale.ROOT).contains("proxy"));
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Run(process.exitValue(), out, Files.readString(err));
  }

  @ParameterizedTest
  @ValueSource(strings = {"--http1.1", "--http2"})
  void whatARuleMatchesComesThroughTheSwarm(String protocol) throws Exception {
    Path ours = exported();
    daemon("", rule());
    String url = origin.base() + "/file";
    for (int i = 0; i < 2; i++) {
      Run run =
          curl(protocol, "--cacert", ours.toString(), "-D", dir.resolve("head").toString(), url);
      assertThat(run.err()).isEmpty();
      assertThat(run.out()).isEqualTo(content);
      assertThat(Files.readString(dir.resolve("head")))
          .contains(protocol.equals("--http2") ? "HTTP/2 200" : "HTTP/1.1 200 OK")
          .containsIgnoringCase("x-dragonfly-task-id: ");
    }
    assertThat(running().traffic()).isEqualTo(new Daemon.Traffic(LENGTH, 0, 0, LENGTH));

    Run part = curl(protocol, "--cacert", ours.toString(), "-r", "4194300-4194399", url);
    assertThat(part.out()).isEqualTo(Arrays.copyOfRange(content, 4194300, 4194400));
  }

  @ParameterizedTest
  @ValueSource(strings = {"--http1.1", "--http2"})
  void theRestInsidePassesThrough(String protocol) throws Exception {
    Path ours = exported();
    daemon("", rule());
    Run run =
        curl(
            protocol,
            "--cacert",
            ours.toString(),
            "-X",
            "POST",
            "-H",
            "X-Dragonfly-Tag: t",
            "--data-binary",
            "@" + Files.write(dir.resolve("body"), Arrays.copyOf(content, 700_000)),
            origin.base() + "/echo");
    assertThat(run.err()).isEmpty();
    assertThat(run.text()).isEqualTo("POST localhost:" + origin.port() + " ");
    Run missing =
        curl(
            protocol,
            "--cacert",
            ours.toString(),
            "-w",
            "%{http_code}",
            "-o",
            "/dev/null",
            origin.base() + "/none");
    assertThat(missing.text()).isEqualTo("404");
    Run head = curl(protocol, "--cacert", ours.toString(), "-I", origin.base() + "/file");
    assertThat(head.text()).containsIgnoringCase("content-length: " + LENGTH);
  }

  @Test
  void hostsOfNoRuleAndAllHostsBeforeTheExportKeepTheirTunnel() throws Exception {
    daemon("", rule());
    String theirs = origin.authority().toString();
    assertThat(curl("--cacert", theirs, origin.base() + "/file").out()).isEqualTo(content);

    Path ours = exported();
    assertThat(curl("--cacert", theirs, origin.base() + "/file").err())
        .as("exported while it runs")
        .contains("certificate");
    assertThat(curl("--cacert", ours.toString(), origin.base() + "/file").out()).isEqualTo(content);

    running().close();
    daemon("", "{regex: '^https://other\\.example/'}");
    assertThat(curl("--cacert", theirs, origin.base() + "/file").out()).isEqualTo(content);
    assertThat(curl("--cacert", ours.toString(), origin.base() + "/file").code()).isEqualTo(60);
  }

  @Test
  void onlyTheHostsThatAreNamedAreLookedIntoWhateverRulesMatch() throws Exception {
    Path ours = exported();
    String theirs = origin.authority().toString();
    for (String hosts : List.of("", "other.example", "'*.localhost', 'localhost:1'")) {
      daemon(", interceptHosts: [" + hosts + "]", "{regex: 'file'}");
      assertThat(curl("--cacert", theirs, origin.base() + "/file").out()).isEqualTo(content);
      assertThat(curl("--cacert", ours.toString(), origin.base() + "/file").code()).isEqualTo(60);
      running().close();
    }
    daemon(", interceptHosts: [other.example, 'localhost:" + origin.port() + "']", rule());
    assertThat(curl("--cacert", ours.toString(), origin.base() + "/file").out()).isEqualTo(content);
    assertThat(curl("--cacert", theirs, origin.base() + "/file").code()).isEqualTo(60);
  }

  @Test
  void aConfiguredAuthorityNeedsNoExport() throws Exception {
    own.readOrMake("one");
    daemon(", caCert: " + own.file() + ", caKey: " + own.file(), rule());
    assertThat(curl("--cacert", own.file().toString(), origin.base() + "/file").out())
        .isEqualTo(content);
  }

  @Test
  void anOriginThatNobodyVouchesForIsNotAsked() throws Exception {
    Path ours = exported();
    Path other = dir.resolve("other.pem");
    Files.writeString(other, new OwnAuthority(dir.resolve("x")).readOrMake("x").pem());
    Files.writeString(origin.authority(), Files.readString(other));
    daemon("", rule());
    for (String path : List.of("/file", "/echo")) {
      Run run =
          curl(
              "--cacert",
              ours.toString(),
              "-w",
              "%{http_code}",
              "-o",
              "/dev/null",
              origin.base() + path);
      assertThat(run.text()).isEqualTo("502");
    }
  }

  @Test
  void whoMayNotUseTheProxyGetsNoCertificateEither() throws Exception {
    Path ours = exported();
    daemon(", basicAuth: {username: u, password: p}", rule());
    Run refused = curl("--cacert", ours.toString(), origin.base() + "/echo");
    assertThat(refused.err()).contains("407");
    Run run =
        curl(
            "--http2", "--cacert", ours.toString(), "--proxy-user", "u:p", origin.base() + "/echo");
    assertThat(run.text()).isEqualTo("GET localhost:" + origin.port() + " ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--http1.1", "--http2"})
  void aRequestInsideForAnotherHostIsMisdirected(String protocol) throws Exception {
    Path ours = exported();
    daemon("", rule());
    for (String host : List.of("bank.example", "localhost", "localhost:1")) {
      Run run =
          curl(
              protocol,
              "--cacert",
              ours.toString(),
              "-H",
              "Host: " + host,
              "-w",
              "%{http_code}",
              "-o",
              "/dev/null",
              origin.base() + "/echo");
      assertThat(run.text()).isEqualTo("421");
    }
    assertThat(origin.log()).isEmpty();
  }

  @Test
  void whatIsNoTlsIsTunnelledWhicheverSideBegins() throws Exception {
    exported();
    daemon("", "{regex: 'anywhere'}");
    for (boolean clientBegins : new boolean[] {true, false}) {
      try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
          Socket client = new Socket(InetAddress.getLoopbackAddress(), running().proxyPort())) {
        client.setSoTimeout(20_000);
        String connect =
            "CONNECT 127.0.0.1:" + server.getLocalPort() + " HTTP/1.1\r\nHost: h\r\n\r\n";
        client
            .getOutputStream()
            .write((connect + (clientBegins ? "SSH-2.0-c\n" : "")).getBytes(ISO_8859_1));
        assertThat(ProxyDaemon.line(client)).startsWith("HTTP/1.1 200");
        assertThat(ProxyDaemon.line(client)).isEqualTo("\r\n");
        try (Socket remote = server.accept()) {
          remote.setSoTimeout(20_000);
          if (clientBegins) {
            assertThat(ProxyDaemon.line(remote)).isEqualTo("SSH-2.0-c\n");
          }
          remote.getOutputStream().write("SSH-2.0-s\n".getBytes(ISO_8859_1));
          assertThat(ProxyDaemon.line(client)).isEqualTo("SSH-2.0-s\n");
        }
        assertThat(client.getInputStream().read()).isEqualTo(-1);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--http1.1", "--http2"})
  void contentThatFailsMidwayNeverEndsProperly(String protocol) throws Exception {
    // The name promises other bytes than the file has.
    String name = "sha256:" + "a".repeat(64);
    origin.put(name, content);
    origin.close();
    origin =
        new TlsOrigin(
            dir.resolve("origin2"),
            "location /v2/t/blobs/ { alias " + dir.resolve("origin/files") + "/; }");
    Path ours = exported();
    daemon("", "{regex: '^https://localhost:" + origin.port() + "/v2/'}");
    Run run = curl(protocol, "--cacert", ours.toString(), origin.base() + "/v2/t/blobs/" + name);
    assertThat(run.out().length).isLessThan(LENGTH);
    assertThat(run.code()).as(run.err()).isIn(18, 56, 92);
    if (protocol.equals("--http2")) {
      assertThat(run.err()).contains("INTERNAL_ERROR");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--http1.1", "--http2"})
  void aClientThatLeavesMidwayLeavesTheProxyWell(String protocol) throws Exception {
    Path ours = exported();
    daemon("", rule());
    Run run =
        curl(
            protocol,
            "--cacert",
            ours.toString(),
            "--limit-rate",
            "1M",
            "--max-time",
            "1",
            origin.base() + "/file");
    assertThat(run.code()).isEqualTo(28);
    assertThat(run.out().length).isLessThan(LENGTH);
    await()
        .untilAsserted(() ->
            assertThat(curl(protocol, "--cacert", ours.toString(), origin.base() + "/file").out())
                .isEqualTo(content));
  }

  @Test
  void manyRequestsShareAConnection() throws Exception {
    byte[] small = Arrays.copyOf(content, 150_000);
    origin.put("file", small);
    Path ours = exported();
    daemon("", rule());
    List<String> arguments =
        new ArrayList<>(
            List.of("--http2", "--cacert", ours.toString(), "--parallel", "--parallel-max", "40"));
    for (int i = 0; i < 40; i++) {
      arguments.addAll(List.of("-o", dir.resolve("part" + i).toString(), origin.base() + "/file"));
    }
    Run run = curl(arguments.toArray(String[]::new));
    assertThat(run.code()).as(run.err()).isZero();
    for (int i = 0; i < 40; i++) {
      assertThat(Files.readAllBytes(dir.resolve("part" + i))).isEqualTo(small);
    }
    assertThat(origin.asked(" /file ")).as("requests to the origin").isLessThan(10);
  }
}
