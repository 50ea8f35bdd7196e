package io.dragonfly.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Keys;
import io.dragonfly.common.fuzz.Mutations;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** What a file or a manager says of the cluster: read, or refused with what is wrong. */
final class ClusterFileFuzzTest {
  static Stream<byte[]> files() {
    return Stream.of(
            """
            scheduler: {addrs: ["127.0.0.1:8002", "[::1]:8002"]}
            clientConfig:
              download: {bandwidthLimit: 1GiB, backToSourceBandwidthLimit: 100MiB}
              blockList: {urls: [".*"], applications: []}
            """,
            """
            scheduler:
              addr: scheduler.example:8002
            seedClientConfig: {upload: {bandwidthLimit: 1B}, blockList: null}
            """)
        .map(text -> text.getBytes(StandardCharsets.UTF_8));
  }

  static Stream<byte[]> configurations() {
    return Stream.of(
            "{\"upload\":{\"bandwidthLimit\":\"10MB\"},\"proxy\":{}}",
            "{\"download\":{\"backToSourceBandwidthLimit\":1},\"blockList\":{\"a\":[{}]}}",
            "  ")
        .map(text -> text.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(byte[] input) {
    return new String(input, StandardCharsets.UTF_8);
  }

  private static void check(ClusterRates rates) {
    assertThat(rates.upload().bandwidthLimit().filter(rate -> rate.bytes() < 1)).isEmpty();
  }

  @MethodSource("files")
  @FuzzTest(maxDuration = "1m")
  void file(byte[] input) {
    try {
      SchedulerFile.Content content =
          ConfigLoader.parse(text(input), "a file", SchedulerFile.Content.class, Keys.EXACT)
              .value();
      check(content.rates(/* seed= */ true));
      check(content.rates(/* seed= */ false));
      assertThat(content.keysWithoutEffect()).doesNotContainNull();
      assertThat(content.scheduler().addrs()).doesNotContainNull();
    } catch (ConfigException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @MethodSource("configurations")
  @FuzzTest(maxDuration = "1m")
  void configuration(byte[] input) {
    try {
      check(ClusterRates.parse(text(input), "the manager's"));
    } catch (ConfigException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @Test
  void filesThatAreNearlyRight() {
    Mutations.tryAll(files(), this::file);
  }

  @Test
  void configurationsThatAreNearlyRight() {
    Mutations.tryAll(configurations(), this::configuration);
  }
}
