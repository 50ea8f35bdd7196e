package io.dragonfly.scheduler.link;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Keys;
import io.dragonfly.common.fuzz.Mutations;
import io.dragonfly.scheduler.swarm.SwarmLimits;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** The dynamic configuration's file: read, or refused with what is wrong. */
final class DynconfigFuzzTest {
  static Stream<byte[]> files() {
    return Stream.of(
            DynconfigFile.DEFAULTS,
            """
            applications:
              - name: registry
                priority:
                  value: LEVEL3
                  urls:
                    - {regex: 'blobs/sha256.*', value: 6}
            SEEDPEERCLUSTERCONFIG: {loadLimit: 50000}
            schedulerClusterConfig: {candidateParentLimit: 20, filterParentLimit: 1000}
            """,
            """
            scheduler: {addrs: ["127.0.0.1:8002"]}
            clientConfig: {download: {bandwidthLimit: 1GiB}}
            """)
        .map(text -> text.getBytes(StandardCharsets.UTF_8));
  }

  @MethodSource("files")
  @FuzzTest(maxDuration = "1m")
  void file(byte[] input) {
    String yaml = new String(input, StandardCharsets.UTF_8);
    try {
      SwarmLimits limits =
          ConfigLoader.parse(yaml, "a file", DynconfigFile.class, Keys.ANY_CASE).value().limits();
      assertThat(limits.candidateParents()).isBetween(1, 20);
      assertThat(limits.seedSlots()).isBetween(1, 50_000);
    } catch (ConfigException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @Test
  void filesThatAreNearlyRight() {
    Mutations.tryAll(files(), this::file);
  }
}
