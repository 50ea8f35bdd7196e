package io.dragonfly.lab.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.dragonfly.common.file.Directories;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.Location;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.shaped.ShapedNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * nginx behind tinyproxy: plain, and with TLS where it demands a certificate. All of it is in a
 * network of its own, for what is on this machine's loopback is never reached through a proxy.
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RealOriginTest {
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final String ADDRESS = LabCertificates.ADDRESS;
  private static final String NETWORK = "df-origin-" + ProcessHandle.current().pid();
  private static final String PASSWORD = "s3cret";
  private static final int SIZE = 20_000_003;

  private final List<Program> programs = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // set before the first test
  private Path directory;

  @SuppressWarnings("NullAway.Init")
  private ProcessCluster cluster;

  private int plainPort;
  private int tlsPort;
  private int proxyPort;
  private String sha256 = "";

  @BeforeAll
  void start() throws Exception {
    assumeThat(ShapedNetwork.obstacle()).isEmpty();
    assumeThat(Tool.NGINX.find()).as("apt-get install " + Tool.NGINX.debianPackage()).isPresent();
    assumeThat(Tool.TINYPROXY.find())
        .as("apt-get install " + Tool.TINYPROXY.debianPackage())
        .isPresent();
    Tool.IP.run("netns", "add", NETWORK);
    Tool.IP.run("-n", NETWORK, "addr", "add", ADDRESS + "/32", "dev", "lo");
    Tool.IP.run("-n", NETWORK, "link", "set", "lo", "up");
    directory = Scratch.directory();
    plainPort = ProcessCluster.freePort();
    tlsPort = ProcessCluster.freePort();
    proxyPort = ProcessCluster.freePort();
    LabCertificates certificates = LabCertificates.create(directory);
    startNginx(certificates);
    startTinyproxy();
    cluster =
        new ProcessCluster(
            directory,
            ProcessCluster.freePort(),
            Launcher.ofClassPath(),
            name -> new Location(ADDRESS, enter(name)));
    cluster.startScheduler();
    String origin =
        "  origins: [{host: \"%s\", caCert: %s, cert: %s, key: %s}]\n"
            .formatted(
                ADDRESS,
                certificates.authority(),
                certificates.certificate("good"),
                certificates.key("good"));
    String proxy = "  proxy: http://me:%s@%s:%d\n".formatted(PASSWORD, ADDRESS, proxyPort);
    cluster.startDaemon("configured", "backend:\n" + origin + proxy);
    cluster.startDaemon("environment", "backend:\n" + origin);
    cluster.startDaemon(
        "mistaken",
        "backend:\n  caCert: " + certificates.authority() + "\n" + proxy.replace("me", "you"));
    cluster.startDaemon(
        "unknown", "backend:\n  caCert: " + certificates.authority() + "\n" + proxy);
  }

  @AfterAll
  void stop() throws Exception {
    if (cluster != null) {
      cluster.close();
    }
    programs.forEach(Program::close);
    if (directory != null) {
      Tool.IP.run("netns", "del", NETWORK);
      Directories.delete(directory);
    }
  }

  private List<String> enter(String name) {
    List<String> enter = new ArrayList<>(List.of("ip", "netns", "exec", NETWORK));
    if (name.equals("environment")) {
      String proxy = "http://me:" + PASSWORD + "@" + ADDRESS + ":" + proxyPort;
      enter.addAll(List.of("env", "HTTP_PROXY=" + proxy, "HTTPS_PROXY=" + proxy));
    }
    return enter;
  }

  private void startNginx(LabCertificates certificates) throws Exception {
    Path files = Files.createDirectories(directory.resolve("files"));
    Path own = Files.createDirectories(directory.resolve("nginx"));
    Path file = files.resolve("file");
    new LabContent(42, SIZE).write(file);
    sha256 = LabContent.sha256(file);
    Path config = own.resolve("nginx.conf");
    Files.writeString(
        config,
        """
        daemon off;
        master_process off;
        user root;
        pid %1$s/nginx.pid;
        error_log %1$s/nginx.log;
        events { worker_connections 256; }
        http {
          log_format one 'port=$server_port requests=$connection_requests user=$ssl_client_s_dn';
          access_log %1$s/access.log one;
          client_body_temp_path %1$s/t1;
          proxy_temp_path %1$s/t2;
          fastcgi_temp_path %1$s/t3;
          uwsgi_temp_path %1$s/t4;
          scgi_temp_path %1$s/t5;
          root %2$s;
          server { listen %3$s:%4$d; }
          server {
            listen %3$s:%5$d ssl http2;
            ssl_certificate %6$s;
            ssl_certificate_key %7$s;
            ssl_client_certificate %8$s;
            ssl_verify_client on;
          }
        }
        """
            .formatted(
                own,
                files,
                ADDRESS,
                plainPort,
                tlsPort,
                certificates.certificate("good"),
                certificates.key("good"),
                certificates.authority()));
    List<String> command = new ArrayList<>(enter("nginx"));
    command.addAll(List.of(Tool.NGINX.path(), "-c", config.toString()));
    Program nginx = Program.start(own.resolve("out"), command);
    programs.add(nginx);
    nginx.awaitListening(tlsPort, LIMIT);
  }

  private void startTinyproxy() throws Exception {
    Path config = directory.resolve("tinyproxy.conf");
    Files.writeString(
        config,
        """
        Port %d
        Listen %s
        Timeout 60
        MaxClients 64
        LogLevel Connect
        BasicAuth me %s
        """
            .formatted(proxyPort, ADDRESS, PASSWORD));
    List<String> command = new ArrayList<>(enter("tinyproxy"));
    command.addAll(List.of(Tool.TINYPROXY.path(), "-d", "-c", config.toString()));
    Program proxy = Program.start(directory.resolve("tinyproxy.log"), command);
    programs.add(proxy);
    proxy.awaitListening(proxyPort, LIMIT);
  }

  private FaultBench.Outcome download(String daemon, String url) throws Exception {
    Path output = Files.createTempDirectory(directory, "out").resolve("file");
    Program dfget = cluster.dfget(daemon, url, output);
    return new FaultBench.Outcome(dfget.await(LIMIT), dfget.output(), output);
  }

  private String plain(String query) {
    return "http://" + ADDRESS + ":" + plainPort + "/file?" + query;
  }

  private String tls(String query) {
    return "https://" + ADDRESS + ":" + tlsPort + "/file?" + query;
  }

  private void succeeded(FaultBench.Outcome outcome) throws IOException {
    assertThat(outcome.exitCode()).as(outcome.text()).isZero();
    assertThat(LabContent.sha256(outcome.output())).isEqualTo(sha256);
  }

  private long proxied(String words) throws IOException {
    return programs.getLast().output().lines().filter(line -> line.contains(words)).count();
  }

  @ParameterizedTest
  @ValueSource(strings = {"configured", "environment"})
  void originsAreReachedThroughTheProxy(String daemon) throws Exception {
    long gets = proxied("GET http://" + ADDRESS + ":" + plainPort);
    succeeded(download(daemon, plain(daemon)));
    assertThat(proxied("GET http://" + ADDRESS + ":" + plainPort)).isGreaterThan(gets);

    long tunnels = proxied("CONNECT " + ADDRESS + ":" + tlsPort);
    succeeded(download(daemon, tls(daemon)));
    succeeded(download(daemon, tls(daemon + "-again")));
    assertThat(proxied("CONNECT " + ADDRESS + ":" + tlsPort)).isGreaterThan(tunnels);
    assertThat(Files.readString(directory.resolve("nginx/access.log")))
        .contains("port=" + tlsPort + " requests=2 user=CN=good");
    assertThat(cluster.program(daemon).output()).doesNotContain(PASSWORD);
  }

  @Test
  void aProxyThatKnowsUsOtherwiseIsNamed() throws Exception {
    FaultBench.Outcome outcome = download("mistaken", tls("mistaken"));
    outcome.failedSaying("the proxy refused the way there", "401");
    assertThat(outcome.text() + cluster.program("mistaken").output()).doesNotContain(PASSWORD);
  }

  @Test
  void anOriginThatDemandsACertificateRefusesWhoHasNone() throws Exception {
    download("unknown", tls("unknown")).failedSaying("400");
  }
}
