package io.dragonfly.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.api.scheduler.v2.DeleteHostRequest;
import io.dragonfly.api.scheduler.v2.ListHostsRequest;
import io.dragonfly.api.scheduler.v2.PreheatFileRequest;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Keys;
import io.dragonfly.common.config.Loaded;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scheduler as a whole: configuration, ports, hosts, command line. */
final class SchedulerTest {
  @TempDir Path directory;

  @Test
  void hostsAreListedByTypeAndLeave() throws Exception {
    try (Scheduler scheduler = started();
        TestClient client = new TestClient(scheduler.port())) {
      client.announce("a", 0, 4001);
      client.announce("s", 1, 4002);
      assertThat(client.scheduler.listHosts(ListHostsRequest.getDefaultInstance()).getHostsList())
          .hasSize(2)
          .allMatch(
              host -> host.getSchedulerClusterId() == 1 && host.getName().startsWith("pretty"));
      assertThat(
              client
                  .scheduler
                  .listHosts(ListHostsRequest.newBuilder().setType(1).build())
                  .getHostsList())
          .singleElement()
          .matches(host -> host.getId().equals("s"));
      DeleteHostRequest delete = DeleteHostRequest.newBuilder().setHostId("a").build();
      assertThat(client.scheduler.deleteHost(delete)).isNotNull();
      assertThatThrownBy(() -> client.scheduler.deleteHost(delete))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getDescription()).isEqualTo("host a not found"));
    }
  }

  @Test
  void aHostThatIsNotValidIsRefusedByName() throws Exception {
    try (Scheduler scheduler = started();
        TestClient client = new TestClient(scheduler.port())) {
      assertThatThrownBy(() -> client.announce("a", 9, 4001)).hasMessageContaining("host.type");
      assertThatThrownBy(() -> client.announce("a", 0, 80)).hasMessageContaining("host.port");
    }
  }

  @Test
  void whatIsNotServedSaysSo() throws Exception {
    try (Scheduler scheduler = started();
        TestClient client = new TestClient(scheduler.port())) {
      assertThatThrownBy(
              () -> client.scheduler.preheatFile(PreheatFileRequest.getDefaultInstance()))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED));
    }
  }

  @Test
  void itIsHealthy() throws Exception {
    try (Scheduler scheduler = started();
        TestClient client = new TestClient(scheduler.port())) {
      assertThat(
              HealthGrpc.newBlockingStub(client.channel)
                  .check(HealthCheckRequest.getDefaultInstance())
                  .getStatus())
          .isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
    }
  }

  @Test
  void itIsReadyAndMeasuredWithEveryKeyThatNeedsNoOtherService() throws Exception {
    Path file = directory.resolve("scheduler.yaml");
    Files.writeString(
        file,
        """
        console: false
        pprofPort: 6060
        server:
          advertiseIP: 127.0.0.1
          advertisePort: 8002
          listenIP: 127.0.0.1
          port: 0
          host: localhost
          requestRateLimit: 4000
          logDir: %1$s
          pluginDir: %1$s
          logLevel: info
          logMaxSize: 10
          logMaxAge: 7
          logMaxBackups: 2
        scheduler:
          algorithm: default
          backToSourceCount: 200
          retryBackToSourceLimit: 4
          retryLimit: 7
          retryInterval: 700ms
          gc:
            pieceDownloadTimeout: 30m
            peerGCInterval: 10s
            peerTTL: 24h
            taskGCInterval: 30m
            hostGCInterval: 5m
            hostTTL: 1h
        database: {redis: {addrs: ["127.0.0.1:6379"], brokerDB: 1, backendDB: 2}}
        dynConfig: {refreshInterval: 1m}
        host: {idc: east, location: west}
        seedPeer: {taskDownloadTimeout: 1h}
        job: {enable: true, globalWorkerNum: 1, schedulerWorkerNum: 1, localWorkerNum: 1}
        metrics: {enable: true, addr: "127.0.0.1:0", enableHost: true}
        network: {enableIPv6: false}
        """
            .formatted(directory));
    Loaded<SchedulerConfig> loaded = ConfigLoader.load(file, SchedulerConfig.class, Keys.ANY_CASE);
    assertThat(loaded.unknownKeys()).isEmpty();

    try (Scheduler scheduler = new Scheduler(loaded.value(), Optional.empty())) {
      scheduler.start();
      try (TestClient client = new TestClient(scheduler.port());
          HttpClient http = HttpClient.newHttpClient()) {
        assertThat(
                HealthGrpc.newBlockingStub(client.channel)
                    .check(HealthCheckRequest.getDefaultInstance())
                    .getStatus())
            .isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
        URI page =
            URI.create("http://127.0.0.1:" + scheduler.metricsPort().orElseThrow() + "/metrics");
        assertThat(http.send(HttpRequest.newBuilder(page).build(), BodyHandlers.ofString()).body())
            .contains("dragonfly_scheduler_announce_peer_total");
      }
    }
  }

  @Test
  void aWholeUpstreamConfigurationIsReadAndWhatDoesNothingIsNamed() throws Exception {
    Path file = directory.resolve("scheduler.yaml");
    Files.writeString(
        file,
        """
        console: true
        pprofPort: -1
        tracing: {protocol: grpc, endpoint: "jaeger:4317"}
        server:
          AdvertiseIP: 10.0.0.1
          port: 8003
          listenIP: 127.0.0.1
          host: example
          requestRateLimit: 100
          logLevel: debug
          logMaxSize: 10
        scheduler:
          algorithm: default
          backToSourceCount: 200
          retryInterval: 500ms
          gc: {peerGCInterval: 10s, peerTTL: 24h, hostTTL: 1h, pieceDownloadTimeout: 30m}
        database: {redis: {addrs: [], brokerDB: 1}}
        dynConfig: {refreshInterval: 1m}
        host: {idc: east, location: "x|y"}
        manager: {addr: "manager:65003", schedulerClusterID: 4, keepAlive: {interval: 5s}}
        seedPeer: {taskDownloadTimeout: 10h}
        job: {enable: true, redis: {host: x}}
        metrics: {enable: true, addr: ":8000", enableHost: false}
        network: {enableIPv6: false}
        surprise: 1
        """);
    Loaded<SchedulerConfig> loaded = ConfigLoader.load(file, SchedulerConfig.class, Keys.ANY_CASE);
    SchedulerConfig config = loaded.value();
    assertThat(loaded.unknownKeys()).containsExactly("surprise");
    assertThat(config.server().port()).isEqualTo(8003);
    assertThat(config.server().advertiseIP()).isEqualTo("10.0.0.1");
    assertThat(config.scheduler().gc().peerTTL()).isEqualTo(Duration.ofHours(24));
    assertThat(config.manager().address()).contains("manager:65003");
    assertThat(config.manager().schedulerClusterID()).isEqualTo(4);
    assertThat(config.keysWithoutEffect())
        .contains(
            "tracing.protocol",
            "database.redis",
            "job.enable",
            "scheduler.backToSourceCount",
            "scheduler.retryInterval",
            "host.idc",
            "seedPeer.taskDownloadTimeout");
  }

  @Test
  void aBadPortIsNamedWithWhatIsAllowed() throws Exception {
    Path file = directory.resolve("scheduler.yaml");
    Files.writeString(file, "server: {port: 70000}");
    Run run = run("--config", file.toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("port").contains("65535");
  }

  @Test
  void aLogLevelThatIsNoneIsNamedWithItsLine() throws Exception {
    Path file = directory.resolve("scheduler.yaml");
    Files.writeString(file, "server:\n  logLevel: nonsense\n");
    Run run = run("--config", file.toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err())
        .contains("line 2", "server", "logLevel", "'nonsense'", "debug")
        .hasLineCount(1);
  }

  @Test
  void theCommandLineKnowsItsWords() {
    assertThat(run("version").code()).isZero();
    assertThat(run("--version").out()).matches("scheduler \\S+ \\(\\S+, \\S+\\)\\R");
    assertThat(run("--help").out()).contains("--dynconfig").contains("--config");
    assertThat(run("--confg", "x"))
        .satisfies(run -> {
          assertThat(run.code()).isEqualTo(2);
          assertThat(run.err()).contains("--config");
        });
    assertThat(run("serve").code()).isEqualTo(2);
  }

  @Test
  void aPortInUseIsAnErrorThatNamesIt() throws Exception {
    try (Scheduler first = started()) {
      SchedulerConfig.Server server = SchedulerConfig.loopback().server();
      SchedulerConfig same =
          SchedulerConfig.loopback()
              .withServer(
                  new SchedulerConfig.Server(
                      server.advertiseIP(),
                      0,
                      "127.0.0.1",
                      first.port(),
                      "localhost",
                      null,
                      100,
                      null,
                      null,
                      "info",
                      1,
                      null,
                      1));
      try (Scheduler second = new Scheduler(same, Optional.empty())) {
        assertThatThrownBy(second::start).hasMessageContaining(":" + first.port());
      }
    }
  }

  @Test
  void tooManyCallsAreRefused() throws Exception {
    SchedulerConfig.Server server = SchedulerConfig.loopback().server();
    SchedulerConfig slow =
        SchedulerConfig.loopback()
            .withServer(
                new SchedulerConfig.Server(
                    server.advertiseIP(),
                    0,
                    "127.0.0.1",
                    0,
                    "localhost",
                    null,
                    1,
                    null,
                    null,
                    "info",
                    1,
                    null,
                    1));
    try (Scheduler scheduler = new Scheduler(slow, Optional.empty())) {
      scheduler.start();
      try (TestClient client = new TestClient(scheduler.port())) {
        assertThatThrownBy(
                () -> {
                  for (int call = 0; call < 50; call++) {
                    assertThat(client.scheduler.listHosts(ListHostsRequest.getDefaultInstance()))
                        .isNotNull();
                  }
                })
            .isInstanceOfSatisfying(
                StatusRuntimeException.class,
                e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
      }
    }
  }

  private record Run(int code, String out, String err) {}

  private static Run run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        SchedulerMain.main(
            args,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new Run(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static Scheduler started() throws Exception {
    Scheduler scheduler = new Scheduler(SchedulerConfig.loopback(), Optional.empty());
    scheduler.start();
    return scheduler;
  }
}
