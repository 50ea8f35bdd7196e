package io.dragonfly.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.config.ByteSize;
import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Keys;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SchedulerFileTest {
  @TempDir Path dir;

  private ClusterRates told = ClusterRates.NONE;

  private List<InetSocketAddress> read(String yaml) throws IOException {
    return file(yaml, /* seed= */ false).read();
  }

  private SchedulerFile file(String yaml, boolean seed) throws IOException {
    Path file = Files.writeString(dir.resolve("dynconfig.yaml"), yaml);
    return new SchedulerFile(file, seed, rates -> told = rates);
  }

  @Test
  void addressesAreReadInTheirOrderWithoutDuplicates() throws IOException {
    assertThat(
            read(
                """
                scheduler:
                  addrs: ["10.0.0.2:8002", "10.0.0.1:8002", "10.0.0.2:8002"]
                clientConfig:
                  blockList: {}
                """))
        .containsExactly(
            new InetSocketAddress("10.0.0.2", 8002), new InetSocketAddress("10.0.0.1", 8002));
  }

  @Test
  void ratesAreToldToNormalHostsAndToSeeds() throws Exception {
    String yaml =
        """
        scheduler: {addrs: ["10.0.0.1:8002"]}
        clientConfig: {download: {bandwidthLimit: 10MiB}}
        seedClientConfig: {upload: {bandwidthLimit: 1GB}, proxy: {prefetchBandwidthLimit: 5MB}}
        """;
    file(yaml, /* seed= */ false).read();
    assertThat(told).isEqualTo(ClusterRates.parse("{download: {bandwidthLimit: 10MiB}}", "it"));

    file(yaml, /* seed= */ true).read();
    assertThat(told.upload().bandwidthLimit()).hasValue(new ByteSize(1_000_000_000));
    assertThat(told.proxy().prefetchBandwidthLimit()).hasValue(new ByteSize(5_000_000));
    assertThat(told.download().bandwidthLimit()).isEmpty();
  }

  @Test
  void aRateThatIsWrongIsNamedAndChangesNothing() {
    told = ClusterRates.NONE;
    assertThatThrownBy(() ->
            read(
                """
                scheduler: {addrs: ["10.0.0.1:8002"]}
                clientConfig: {download: {bandwidthLimit: 0}}
                """))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("clientConfig.download.bandwidthLimit");
    assertThat(told).isEqualTo(ClusterRates.NONE);
  }

  @Test
  void aNameIsResolved() throws IOException {
    assertThat(read("scheduler: {addr: 'localhost:8002'}"))
        .contains(new InetSocketAddress(InetAddress.getLoopbackAddress(), 8002));
  }

  @Test
  void whatIsWrongIsSaidWithTheFile() {
    assertThatThrownBy(() -> new SchedulerFile(dir.resolve("absent"), false, rates -> {}).read())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("absent");
    assertThatThrownBy(() -> read("scheduler: {}"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("names no scheduler");
    assertThatThrownBy(() -> read("scheduler: {addr: nonsense}"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("nonsense");
    assertThatThrownBy(() -> read("scheduler: ["))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("dynconfig.yaml");
  }

  @Test
  void blockListsAreNamedAsWithoutEffect() throws Exception {
    assertThat(idle("scheduler: {addrs: ['10.0.0.1:8002']}")).isEmpty();
    assertThat(
            idle(
                """
                clientConfig: {blockList: null}
                seedClientConfig: {blockList: {task: {download: {urls: []}}}}
                """))
        .isEmpty();
    assertThat(
            idle(
                """
                clientConfig: {blockList: {task: {download: {urls: ["a.*"]}}}}
                seedClientConfig: {blockList: {task: {upload: {tags: ["x"]}}}}
                """))
        .containsExactly("clientConfig.blockList", "seedClientConfig.blockList");
  }

  private static List<String> idle(String yaml) throws ConfigException {
    return ConfigLoader.parse(yaml, "the file", SchedulerFile.Content.class, Keys.EXACT)
        .value()
        .keysWithoutEffect();
  }
}
