package io.dragonfly.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.cli.Terminal;
import io.dragonfly.cli.setup.ClientState;
import io.dragonfly.cli.setup.ClientState.State;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.daemon.ClusterView;
import io.dragonfly.daemon.Daemon;
import io.dragonfly.daemon.rpc.SchedulerLook.ClockLook;
import io.dragonfly.daemon.rpc.SchedulerLook.KnownHost;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(240)
class DoctorTest {
  @TempDir private Path directory;
  private Path temporary;
  private Path config;
  private Map<String, String> environment = Map.of();
  private String out = "";
  private String err = "";

  @BeforeEach
  void begin() throws IOException {
    temporary = Files.createDirectory(directory.resolve("t"));
    config = directory.resolve("dfdaemon.yaml");
  }

  private int run(String... arguments) {
    ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    Map<String, String> all = new HashMap<>(environment);
    all.put("TMPDIR", temporary.toString());
    int code =
        Doctor.run(
            arguments,
            new Terminal(
                new PrintStream(outBytes, true, StandardCharsets.UTF_8),
                new PrintStream(errBytes, true, StandardCharsets.UTF_8),
                all,
                directory,
                /* interactive= */ false));
    out = outBytes.toString(StandardCharsets.UTF_8);
    err = errBytes.toString(StandardCharsets.UTF_8);
    assertThat(temporary).isEmptyDirectory();
    return code;
  }

  private void configure(String socket, int proxy, int health) throws IOException {
    Files.createDirectories(directory.resolve("seed/data"));
    Files.writeString(
        config,
        """
        host: {hostname: seed, ip: 127.0.0.1}
        download: {server: {socketPath: "%1$s/%2$s"}}
        storage: {dir: "%1$s/seed/data"}
        seedPeer: {enable: true}
        proxy: {server: {ip: 127.0.0.1, port: %3$d}}
        health: {server: {ip: 127.0.0.1, port: %4$d}}
        """
            .formatted(directory, socket, proxy, health));
  }

  private LocalCluster cluster() throws Exception {
    LocalCluster cluster = new LocalCluster(directory);
    cluster.startScheduler();
    LocalMember seed = cluster.addSeed("seed", "");
    seed.start();
    assertThat(seed.awaitAnnounced(Duration.ofSeconds(30))).isTrue();
    configure("seed/dfdaemon.sock", seed.daemon().proxyPort(), seed.daemon().healthPort());
    return cluster;
  }

  private List<KnownHost> known(LocalCluster cluster) throws Exception {
    try (ClusterView view =
        new ClusterView(Daemon.configuration("{}"), directory.resolve("dynconfig.yaml"))) {
      return view.hosts(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), cluster.schedulerPort()),
          Duration.ofSeconds(20));
    }
  }

  @Test
  void aClusterThatWorksPasses() throws Exception {
    try (LocalCluster cluster = cluster()) {
      int code = run("--config", "dfdaemon.yaml", "--dynconfig", "dynconfig.yaml");
      assertThat(code).as(out + err).isZero();
      assertThat(out)
          .contains("Looking at " + config)
          .contains("PASS  socket    the daemon answers at " + directory)
          .contains("PASS  health    http://127.0.0.1:")
          .contains("PASS  proxy     http://127.0.0.1:", "answers as a registry mirror")
          .contains("PASS  scheduler 127.0.0.1:" + cluster.schedulerPort() + " answers and knows")
          .contains("PASS  host      the scheduler knows this host as 127.0.0.1-seed-seed")
          .contains("PASS  seed      the scheduler knows 1 seed peer: seed")
          .contains("disk  ", "write ", "clients ")
          .contains("PASS  clock     this host's agrees with that of the scheduler 127.0.0.1:")
          .contains("PASS  pull      12.0 MiB with the scheduler 127.0.0.1:")
          .contains("passed on by the first peer to the second, SHA-256 equal");
      assertThat(known(cluster)).extracting(KnownHost::hostname).containsExactly("seed");
    }
  }

  @Test
  void whereNothingRunsEachPartIsNamedWithItsRemedy() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    configure("none.sock", port, port);
    Files.writeString(
        directory.resolve("dynconfig.yaml"), "scheduler: {addrs: [\"127.0.0.1:" + port + "\"]}\n");
    int code = run("--json", "--config", "dfdaemon.yaml", "--dynconfig", "dynconfig.yaml");
    assertThat(code).as(out + err).isEqualTo(1);
    JsonNode json = JsonMapper.shared().readTree(out);
    assertThat(json.get("ok").asBoolean()).isFalse();
    List<String> failed = new ArrayList<>();
    for (JsonNode check : json.get("checks")) {
      if (check.get("status").asString().equals("FAIL")) {
        failed.add(check.get("check").asString());
        assertThat(check.get("remedy").asString()).isNotEmpty();
      }
      if (check.get("check").asString().equals("pull")) {
        assertThat(check.get("status").asString()).isEqualTo("PASS");
        assertThat(check.get("detail").asString()).contains("a scheduler of the moment");
      }
    }
    assertThat(failed).containsExactly("socket", "health", "proxy", "scheduler");
  }

  @ParameterizedTest
  @CsvSource({
    "-62000, FAIL, ahead of",
    "62000, FAIL, behind",
    "6000, PASS, agrees with",
    "-6000, PASS, agrees with",
    "0, PASS, agrees with"
  })
  void aClockThatDiffersFromTheSchedulersFails(long millis, String status, String words) {
    HostPort scheduler = new HostPort("10.0.0.1", 8002);
    ClockLook look = new ClockLook(Duration.ofMillis(millis), Duration.ofSeconds(2));
    for (Optional<Boolean> kernel :
        List.of(Optional.of(true), Optional.of(false), Optional.<Boolean>empty())) {
      Finding finding = MachineChecks.clock(Map.of(scheduler, look), kernel);
      assertThat(finding.status()).hasToString(status);
      assertThat(finding.detail()).contains(words + " that of the scheduler 10.0.0.1:8002");
      assertThat(finding.remedy().isEmpty()).isEqualTo(status.equals("PASS"));
    }
  }

  @Test
  void clientsThatAreSetUpOtherwiseAreNamedWithTheRemedy() {
    ClientState uses = new ClientState("docker", true, State.USES, "");
    ClientState other = new ClientState("podman", true, State.DOES_NOT, "");
    ClientState absent = new ClientState("crio", false, State.DOES_NOT, "");
    assertThat(MachineChecks.clients(List.of(uses, other, absent)))
        .isEqualTo(Finding.pass("clients", "docker use the daemon; not set up: podman"));
    assertThat(MachineChecks.clients(List.of(other, absent)))
        .isEqualTo(
            Finding.warn(
                "clients", "none uses the daemon; not set up: podman", "'dragonfly setup CLIENT'"));

    ClientState elsewhere = new ClientState("pip", true, State.ELSEWHERE, "");
    ClientState unclear = new ClientState("containerd", true, State.UNCLEAR, "line 3 is no TOML");
    Finding wrong = MachineChecks.clients(List.of(uses, elsewhere, unclear));
    assertThat(wrong.status()).isEqualTo(Finding.Status.WARN);
    assertThat(wrong.detail())
        .contains("pip was set up for another address, or is not in force")
        .contains("containerd: line 3 is no TOML");
    assertThat(wrong.remedy()).isEqualTo("'dragonfly setup CLIENT'");
  }

  @Test
  void withoutASchedulersClockTheKernelsWordCounts() {
    assertThat(MachineChecks.clock(Map.of(), Optional.of(true)).status())
        .isEqualTo(Finding.Status.PASS);
    for (Optional<Boolean> kernel : List.of(Optional.of(false), Optional.<Boolean>empty())) {
      Finding finding = MachineChecks.clock(Map.of(), kernel);
      assertThat(finding.status()).isEqualTo(Finding.Status.WARN);
      assertThat(finding.remedy()).isNotEmpty();
    }
  }

  @Test
  void aConfigurationThatIsNotThereOrWrongIsSaidSo() throws Exception {
    assertThat(run("--config", "no.yaml")).isEqualTo(1);
    assertThat(err).startsWith("doctor: ").contains("no.yaml");
    assertThat(run("--what")).isEqualTo(2);
    assertThat(err).contains("dragonfly doctor --help");
  }

  @Test
  void aStandaloneOfThisUserIsFound() throws Exception {
    Path data = Files.createDirectory(directory.resolve("data"));
    Files.writeString(data.resolve("dynconfig.yaml"), "scheduler: {addrs: [\"127.0.0.1:1\"]}\n");
    environment = Map.of("DRAGONFLY_DATA_DIR", data.toString());
    assertThat(run("--no-pull")).isEqualTo(1);
    assertThat(out)
        .contains("Looking at the standalone of " + data)
        .contains("FAIL  socket    there is no daemon at " + data + "/dfdaemon.sock")
        .contains("FAIL  scheduler 127.0.0.1:1 does not answer")
        .doesNotContain("pull  ");
  }

  @Test
  void interruptedItLeavesNothingBehind() throws Exception {
    try (LocalCluster cluster = cluster()) {
      ProcessBuilder builder =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  "io.dragonfly.dist.Main",
                  "doctor",
                  "--config",
                  config.toString(),
                  "--dynconfig",
                  directory.resolve("dynconfig.yaml").toString())
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("doctor.out").toFile());
      builder.environment().put("TMPDIR", temporary.toString());
      Process process = builder.start();
      try {
        await()
            .atMost(Duration.ofMinutes(2))
            .until(() -> !process.isAlive() || isAnyPeerRunning(temporary));
        assertThat(process.isAlive())
            .as(Files.readString(directory.resolve("doctor.out")))
            .isTrue();
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(130);
      } finally {
        process.destroyForcibly();
      }
      assertThat(temporary).isEmptyDirectory();
      assertThat(directory.resolve("doctor.out")).content().doesNotContain("pull  ");
      await()
          .untilAsserted(() ->
              assertThat(known(cluster)).extracting(KnownHost::hostname).containsExactly("seed"));
    }
  }

  private static boolean isAnyPeerRunning(Path temporary) throws IOException {
    try (Stream<Path> files =
        Files.find(temporary, 5, (path, _) -> path.endsWith("dfdaemon.sock"))) {
      return files.findAny().isPresent();
    } catch (java.io.UncheckedIOException e) {
      return false; // a directory was removed meanwhile
    }
  }
}
