package io.dragonfly.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.limit.FairBucket;
import io.dragonfly.daemon.link.ClusterRates;
import org.junit.jupiter.api.Test;

class HostRatesTest {
  private static DaemonConfig config(String yaml) throws ConfigException {
    return Daemon.configuration(yaml);
  }

  @Test
  void theClusterGoesOverTheFileAndTheFileComesBack() throws Exception {
    HostRates rates = new HostRates(config("upload: {bandwidthLimit: 5MiB}"));
    assertThat(rates.upload().bytesPerSecond()).isEqualTo(5 << 20);
    assertThat(rates.downloads().download().bytesPerSecond()).isEqualTo(FairBucket.UNLIMITED);
    assertThat(rates.downloads().prefetch().bytesPerSecond()).isEqualTo(10_000_000_000L);

    rates.fromCluster(ClusterRates.parse("{upload: {bandwidthLimit: 2MiB}}", "it"));
    assertThat(rates.upload().bytesPerSecond()).isEqualTo(2 << 20);
    rates.fromFile(config("{upload: {bandwidthLimit: 7MiB}, download: {bandwidthLimit: 1MiB}}"));
    assertThat(rates.upload().bytesPerSecond()).isEqualTo(2 << 20);
    assertThat(rates.downloads().download().bytesPerSecond()).isEqualTo(1 << 20);

    rates.fromCluster(ClusterRates.NONE);
    assertThat(rates.upload().bytesPerSecond()).isEqualTo(7 << 20);
  }

  @Test
  void keysThatWaitForTheNextStartAreNamed() throws Exception {
    DaemonConfig before = config("proxy: {server: {basicAuth: {username: u, password: one}}}");
    DaemonConfig after =
        config(
            """
            host: {schedulerClusterID: 3, idc: b}
            download: {bandwidthLimit: 1MiB, pieceTimeout: 5s}
            upload: {bandwidthLimit: 1MiB, server: {port: 0}}
            proxy:
              prefetchBandwidthLimit: 1MiB
              server: {basicAuth: {username: u, password: two}}
            """);
    assertThat(ConfigChanges.waiting(before, before)).isEmpty();
    assertThat(ConfigChanges.waiting(before, after))
        .containsExactly(
            "host.idc",
            "host.schedulerClusterID",
            "download.pieceTimeout",
            "upload.server.port",
            "proxy.server.basicAuth.password");
  }
}
