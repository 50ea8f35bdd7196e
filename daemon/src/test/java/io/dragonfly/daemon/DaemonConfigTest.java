package io.dragonfly.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.config.ByteSize;
import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Keys;
import io.dragonfly.common.config.Loaded;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DaemonConfigTest {
  /** Every key that upstream's program reads. */
  private static final String EVERY_KEY =
      """
      host:
        idc: idc-1
        location: a|b|c
        hostname: node-1
        ip: 10.1.2.3
        schedulerClusterID: 7
      server:
        pluginDir: /plugins
        cacheDir: /cache
        adaptiveRateLimit:
          bucketCount: 50
          bucketInterval: 200ms
          cpuThreshold: 100
          memoryThreshold: 90
          shedCooldown: 5s
          collectInterval: 3s
      download:
        server:
          socketPath: /run/d.sock
          requestRateLimit: 500
          requestBufferSize: 60
        protocol: quic
        bandwidthLimit: 10GB
        backToSourceBandwidthLimit: 5GB
        pieceTimeout: 360s
        collectedPieceTimeout: 10m30s
        concurrentPieceCount: 16
      upload:
        server:
          ip: 0.0.0.0
          port: 4100
          caCert: /ca.pem
          cert: /cert.pem
          key: /key.pem
          requestRateLimit: 500
          requestBufferSize: 60
        client:
          caCert: /ca.pem
          cert: /cert.pem
          key: /key.pem
        disableShared: true
        bandwidthLimit: 10GB
      manager:
        addr: http://manager:65003
        caCert: /ca.pem
        cert: /cert.pem
        key: /key.pem
      scheduler:
        announceInterval: 300s
        scheduleTimeout: 3h
        maxScheduleCount: 5
        caCert: /ca.pem
        cert: /cert.pem
        key: /key.pem
      seedPeer:
        enable: true
        type: super
      dynconfig:
        refreshInterval: 60s
      storage:
        server:
          ip: 0.0.0.0
          tcpPort: 4105
          tcpFastopen: true
          quicPort: 4106
        dir: /data
        keep: true
        writePieceTimeout: 360s
        writeBufferSize: 524288
        readBufferSize: 524288
        cacheCapacity: 64MiB
      backend:
        requestHeader:
          X-One: "1"
        maxRetries: 1
        enableCacheTemporaryRedirect: true
        cacheTemporaryRedirectTTL: 600s
        putConcurrentChunkCount: 16
        putChunkSize: 8MiB
        putTimeout: 900s
        enableHickoryDNS: true
      gc:
        interval: 900s
        policy:
          taskTTL: 30d
          persistentTaskTTL: 1d
          persistentCacheTaskTTL: 1d
          pageCacheIdleTimeout: 40m
          distThreshold: 10GiB
          distHighThresholdPercent: 90
          distLowThresholdPercent: 70
      proxy:
        server:
          ip: 0.0.0.0
          port: 4001
          requestRateLimit: 4000
          caCert: /ca.pem
          caKey: /key.pem
          basicAuth:
            username: user
            password: secret
        rules:
          - regex: blobs/sha256.*
            useTLS: true
            redirect: mirror:5000
            filteredQueryParams: [a, b]
          - {}
        registryMirror:
          addr: https://index.docker.io
          cert: /ca.pem
          enableTaskIDBasedBlobDigest: true
        disableBackToSource: true
        prefetch: true
        prefetchBandwidthLimit: 10GB
        readBufferSize: 524288
      security:
        enable: false
      network:
        enableIPv6: true
      health:
        server: {ip: 127.0.0.1, port: 5003}
      metrics:
        server: {ip: 127.0.0.1, port: 5002}
      stats:
        server: {ip: 127.0.0.1, port: 5004}
      tracing:
        protocol: grpc
        endpoint: jaeger:4317
        path: /v1/traces
        headers: {a: b}
      """;

  @Test
  void everyKeyOfUpstreamIsKnownAndRead() throws ConfigException {
    Loaded<DaemonConfig> loaded =
        ConfigLoader.parse(EVERY_KEY, "the file", DaemonConfig.class, Keys.EXACT);

    assertThat(loaded.unknownKeys()).isEmpty();
    DaemonConfig config = loaded.value();
    assertThat(config.host().hostname()).hasValue("node-1");
    assertThat(config.host().schedulerClusterId()).isEqualTo(7);
    assertThat(config.download().server().socketPath()).isEqualTo(Path.of("/run/d.sock"));
    assertThat(config.download().bandwidthLimit()).isEqualTo(new ByteSize(10_000_000_000L));
    assertThat(config.download().collectedPieceTimeout()).isEqualTo(Duration.ofSeconds(630));
    assertThat(config.upload().server().port()).isEqualTo(4100);
    assertThat(config.upload().server().tls().isComplete()).isTrue();
    assertThat(config.upload().disableShared()).isTrue();
    assertThat(config.seedPeer().hostType()).isEqualTo(1);
    assertThat(config.storage().server().tcpPort()).isEqualTo(4105);
    assertThat(config.backend().requestHeader()).isEqualTo(Map.of("X-One", "1"));
    assertThat(config.gc().policy().diskThreshold()).isEqualTo(new ByteSize(10L << 30));
    assertThat(config.gc().policy().diskHighThresholdPercent()).isEqualTo(90);
    assertThat(config.gc().policy().taskTtl()).isEqualTo(Duration.ofDays(30));
    assertThat(config.proxy().rules().get(1).regex()).isEqualTo(".*");
    assertThat(config.proxy().toString()).doesNotContain("secret");
    assertThat(config.metrics().server().port()).isEqualTo(5002);
    assertThat(config.defaultBindAddress()).isEqualTo("::");
  }

  @Test
  void anEmptyFileHasUpstreamsDefaults() throws ConfigException {
    DaemonConfig config = Daemon.configuration("{}");

    assertThat(config.download().server().socketPath())
        .isEqualTo(Path.of("/var/run/dragonfly/dfdaemon.sock"));
    assertThat(config.download().server().requestRateLimit()).isEqualTo(400);
    assertThat(config.download().concurrentPieceCount()).isEqualTo(8);
    assertThat(config.upload().server().port()).isEqualTo(4000);
    assertThat(config.storage().server().tcpPort()).isEqualTo(4005);
    assertThat(config.storage().dir()).isEqualTo(Path.of("/var/lib/dragonfly"));
    assertThat(config.metrics().server().port()).isEqualTo(4002);
    assertThat(config.health().server().port()).isEqualTo(4003);
    assertThat(config.stats().server().port()).isEqualTo(4004);
    assertThat(config.scheduler().announceInterval()).isEqualTo(Duration.ofMinutes(5));
    assertThat(config.scheduler().maxScheduleCount()).isEqualTo(5);
    assertThat(config.seedPeer().enable()).isFalse();
    assertThat(config.seedPeer().hostType()).isZero();
    assertThat(config.gc().policy().diskHighThresholdPercent()).isEqualTo(80);
    assertThat(config.defaultBindAddress()).isEqualTo("0.0.0.0");
  }

  @Test
  void theCacheOutlivesARestartUnlessTheFileSaysOtherwise() throws ConfigException {
    assertThat(Daemon.configuration("{}").storage().keep()).isTrue();
    assertThat(Daemon.configuration("storage: {keep: false}").storage().keep()).isFalse();
  }

  @Test
  void aSeedSectionWithoutATypeMeansSuper() throws ConfigException {
    assertThat(Daemon.configuration("seedPeer: {enable: true}").seedPeer().hostType()).isEqualTo(1);
    assertThat(Daemon.configuration("seedPeer: {enable: true, type: normal}").seedPeer().hostType())
        .isZero();
  }

  @Test
  void everyMistakeIsReportedWithItsPath() {
    assertThatThrownBy(() ->
            Daemon.configuration(
                """
                upload: {server: {port: 70000}}
                download: {concurrentPieceCount: 0}
                gc: {policy: {diskHighThresholdPercent: 50, diskLowThresholdPercent: 60}}
                """))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("upload.server.port")
        .hasMessageContaining("70000")
        .hasMessageContaining("download.concurrentPieceCount")
        .hasMessageContaining("gc.policy.diskLowThresholdPercent");
  }

  @Test
  void hostsToLookIntoMustBeHosts() {
    assertThatThrownBy(
            () -> Daemon.configuration("proxy: {server: {interceptHosts: [ok.example, '*']}}"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("proxy.server.interceptHosts")
        .hasMessageContaining("\"*\"")
        .hasMessageContaining("*.example");
  }

  @Test
  void aSocketPathThatCannotBeBoundIsRefused() {
    String path = "/run/" + "x".repeat(110);
    assertThatThrownBy(() -> Daemon.configuration("download: {server: {socketPath: " + path + "}}"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("download.server.socketPath")
        .hasMessageContaining("107");
  }

  private static List<String> idle(Path dir, String yaml) throws Exception {
    return IdleKeys.in(Files.writeString(dir.resolve("dfdaemon.yaml"), yaml));
  }

  @Test
  void everyKeyOfUpstreamWorksOrIsNamed(@TempDir Path dir) throws Exception {
    assertThat(idle(dir, EVERY_KEY))
        .containsExactly(
            "server.pluginDir",
            "server.cacheDir",
            "server.adaptiveRateLimit",
            "storage.server.tcpFastopen",
            "storage.cacheCapacity",
            "backend.putConcurrentChunkCount",
            "backend.putChunkSize",
            "backend.putTimeout",
            "backend.enableHickoryDNS",
            "gc.policy.persistentTaskTTL",
            "gc.policy.persistentCacheTaskTTL",
            "proxy.registryMirror.cert",
            "proxy.prefetchBandwidthLimit",
            "proxy.readBufferSize",
            "stats",
            "tracing");
  }

  @Test
  void whatAsksForWhatIsDoneAnywayIsNotNamed(@TempDir Path dir) throws Exception {
    assertThat(
            idle(
                dir,
                """
                server: {adaptiveRateLimit: null}
                download: {protocol: tcp}
                storage: {server: {tcpFastopen: false}}
                backend: {enableHickoryDNS: false}
                security: {enable: false}
                proxy: {}
                """))
        .isEmpty();
    assertThat(idle(dir, "security: {enable: true}")).containsExactly("security.enable");
    assertThat(idle(dir, "{}")).isEmpty();
  }

  @Test
  void filesForTlsThatAreNotAllThereAreNamed(@TempDir Path dir) throws Exception {
    assertThat(
            idle(
                dir,
                """
                upload: {server: {caCert: /a, cert: /b}, client: {caCert: /a, cert: /b, key: /c}}
                manager: {caCert: /a}
                scheduler: {key: /c}
                """))
        .containsExactly(
            "upload.server.caCert", "upload.server.cert", "manager.caCert", "scheduler.key");
  }

  @Test
  void buffersMayHaveAnySizeThatUpstreamTakes() throws ConfigException {
    DaemonConfig.Storage storage =
        Daemon.configuration("storage: {writeBufferSize: 1024, readBufferSize: 268435456}")
            .storage();
    assertThat(storage.writeBufferSize()).isEqualTo(1024);
    assertThat(storage.readBufferSize()).isEqualTo(256 << 20);
    assertThat(Daemon.configuration("{}").storage().writeBufferSize()).isEqualTo(1 << 20);
  }
}
