package io.dragonfly.scheduler.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Keys;
import io.dragonfly.scheduler.swarm.SwarmLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DynconfigTest {
  @TempDir Path directory;
  private final List<SwarmLimits> told = new CopyOnWriteArrayList<>();
  private final List<Dynconfig> open = new CopyOnWriteArrayList<>();

  @AfterEach
  void stop() {
    open.forEach(Dynconfig::close);
  }

  private Dynconfig dynconfig(Path file) {
    Dynconfig dynconfig = new Dynconfig(file, Duration.ofMillis(50), told::add);
    open.add(dynconfig);
    return dynconfig;
  }

  @Test
  void aMissingFileIsMadeForItsOwnerAloneAndMeansTheDefaults() throws Exception {
    Path file = directory.resolve("dynconfig.yaml");
    dynconfig(file).start();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(told).isEmpty();
  }

  @Test
  void aFileWithoutADirectoryIsNotMadeAndDoesNoHarm() throws Exception {
    Path file = directory.resolve("missing/dynconfig.yaml");
    dynconfig(file).start();
    assertThat(file).doesNotExist();
  }

  @Test
  void upstreamsKeysAreReadInAnyCase() throws Exception {
    Path file = directory.resolve("dynconfig.yaml");
    Files.writeString(
        file,
        """
        applications:
          - Name: app
            Priority:
              Value: 2
              URLs:
                - Regex: blobs
                  Value: LEVEL1
        seedPeerClusterConfig: {loadLimit: 300}
        schedulerClusterConfig: {candidateParentLimit: 7, filterParentLimit: 40}
        schedulerClusterClientConfig: {loadLimit: 20}
        """);
    dynconfig(file).start();
    SwarmLimits limits = told.getFirst();
    assertThat(limits.candidateParents()).isEqualTo(7);
    assertThat(limits.filterParents()).isEqualTo(40);
    assertThat(limits.clientSlots()).isEqualTo(20);
    assertThat(limits.seedSlots()).isEqualTo(300);
    assertThat(limits.applications().getFirst().priority()).isEqualTo(2);
    assertThat(limits.applications().getFirst().urls().getFirst().priority()).isEqualTo(1);
  }

  @Test
  void aChangeIsSeenAndAMistakeKeepsTheLastGoodValue() throws Exception {
    Path file = directory.resolve("dynconfig.yaml");
    dynconfig(file).start();
    replace(file, "schedulerClusterConfig: {candidateParentLimit: 6}");
    Awaitility.await().until(() -> told.size() == 1);
    replace(file, "schedulerClusterConfig: {candidateParentLimit: 99}");
    Thread.sleep(200);
    replace(file, "schedulerClusterConfig: {candidateParentLimit: 5}");
    Awaitility.await().until(() -> told.size() == 2);
    assertThat(told).extracting(SwarmLimits::candidateParents).containsExactly(6, 5);
  }

  @Test
  void anEmptyFileKeepsTheLastGoodValueAndACommentMeansDefaults() throws Exception {
    Path file = directory.resolve("dynconfig.yaml");
    Files.writeString(file, "schedulerClusterConfig: {candidateParentLimit: 6}");
    dynconfig(file).start();
    replace(file, "");
    Thread.sleep(200);
    assertThat(told).hasSize(1);
    replace(file, "# nothing\n");
    Awaitility.await().until(() -> told.size() == 2);
    assertThat(told)
        .extracting(SwarmLimits::candidateParents)
        .containsExactly(6, SwarmLimits.defaults().candidateParents());
  }

  @Test
  void whatIsForDaemonsIsNotUnknown() throws Exception {
    String yaml =
        """
        scheduler: {addrs: ["127.0.0.1:8002"]}
        clientConfig: {download: {bandwidthLimit: 1MiB}}
        seedClientConfig: {}
        other: 1
        """;
    assertThat(ConfigLoader.parse(yaml, "it", DynconfigFile.class, Keys.ANY_CASE).unknownKeys())
        .hasSize(1)
        .allMatch(key -> key.contains("other"));
  }

  /** At once, so that no half of it is read. */
  private static void replace(Path file, String text) throws IOException {
    Path whole = Files.writeString(file.resolveSibling("whole"), text);
    Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Test
  void aMistakeAtTheStartIsNamed() throws Exception {
    Path file = directory.resolve("dynconfig.yaml");
    Files.writeString(file, "schedulerClusterConfig: {candidateParentLimit: 99}");
    assertThatThrownBy(dynconfig(file)::start)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("candidateParentLimit")
        .hasMessageContaining("1..20");
  }
}
