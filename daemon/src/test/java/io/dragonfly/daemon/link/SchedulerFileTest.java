package io.dragonfly.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

  private List<InetSocketAddress> read(String yaml) throws IOException {
    return new SchedulerFile(Files.writeString(dir.resolve("dynconfig.yaml"), yaml)).read();
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
  void aNameIsResolved() throws IOException {
    assertThat(read("scheduler: {addr: 'localhost:8002'}"))
        .contains(new InetSocketAddress(InetAddress.getLoopbackAddress(), 8002));
  }

  @Test
  void whatIsWrongIsSaidWithTheFile() {
    assertThatThrownBy(() -> new SchedulerFile(dir.resolve("absent")).read())
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
        .containsExactly("clientConfig", "seedClientConfig");
  }

  private static List<String> idle(String yaml) throws ConfigException {
    return ConfigLoader.parse(yaml, "the file", SchedulerFile.Content.class, Keys.EXACT)
        .value()
        .keysWithoutEffect();
  }
}
