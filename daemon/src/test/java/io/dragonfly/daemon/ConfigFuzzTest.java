package io.dragonfly.daemon;

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

/** Configuration files: read, or refused with what is wrong. */
final class ConfigFuzzTest {
  static Stream<byte[]> files() {
    return Stream.of(
            """
            host:
              idc: a
              ip: 127.0.0.1
              schedulerClusterID: 1
            """,
            """
            download:
              bandwidthLimit: 10GB
              pieceTimeout: 1m30s
              protocol: quic
              server: {socketPath: /tmp/s, socketMode: "0660"}
            """,
            """
            storage: &s
              server:
                tcpPort: 4005
              dir: /x
              keep: yes
            upload: *s
            """,
            """
            proxy:
              rules:
                - regex: 'blobs/sha256.*'
                  useTLS: true
            """,
            """
            gc: {interval: 900s, policy: {taskTTL: 720h, distHighThresholdPercent: 80}}
            """,
            """
            seedPeer:
              enable: true
              type: super
            ---
            """,
            """
            a: [1, 2, {b: !!int 3}]
            <<: {c: "\\u0041\\n"}
            ? |
              x
            : >-
              y
            """)
        .map(text -> text.getBytes(StandardCharsets.UTF_8));
  }

  @MethodSource("files")
  @FuzzTest(maxDuration = "1m")
  void file(byte[] input) {
    String yaml = new String(input, StandardCharsets.UTF_8);
    try {
      DaemonConfig config =
          ConfigLoader.parse(yaml, "a file", DaemonConfig.class, Keys.EXACT).value();
      assertThat(config.storage().server().tcpPort()).isBetween(0, 65_535);
    } catch (ConfigException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @Test
  void filesThatAreNearlyRight() {
    Mutations.tryAll(files(), this::file);
  }
}
