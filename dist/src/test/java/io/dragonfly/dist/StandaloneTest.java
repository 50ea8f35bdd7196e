package io.dragonfly.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.cli.Dfget;
import io.dragonfly.cli.Terminal;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.common.lifecycle.StartException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StandaloneTest {
  @TempDir private Path directory;

  @Test
  void secondOneOnTheSameDirectoryIsRefused() throws Exception {
    try (DataDirectory _ = DataDirectory.open(directory)) {
      assertThatThrownBy(() -> DataDirectory.open(directory))
          .isInstanceOf(StartException.class)
          .hasMessageContaining(directory.toString())
          .hasMessageContaining("process " + ProcessHandle.current().pid());
    }
    DataDirectory.open(directory).close();
  }

  @Test
  void goesWhereDfgetLooksByItself() throws Exception {
    Map<String, String> environment = Map.of("HOME", directory.toString());
    Path chosen =
        Standalone.directory(Standalone.flags().parse(List.of(), environment), environment);
    assertThat(chosen).isEqualTo(directory.resolve(".dragonfly"));
    assertThatThrownBy(
            () -> Standalone.directory(Standalone.flags().parse(List.of(), Map.of()), Map.of()))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("--data-dir");
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(said, true, StandardCharsets.UTF_8);
    try (DataDirectory data = DataDirectory.open(chosen);
        StandaloneRole role = new StandaloneRole(data, "127.0.0.1", print);
        DemoOrigin origin = new DemoOrigin(new DemoContent(3, 5_000), /* ranges= */ true).start()) {
      role.start();
      int code =
          Dfget.run(
              new String[] {origin.url(), "-O", "out", "--console"},
              new Terminal(print, print, environment, directory, /* interactive= */ false));
      assertThat(code).as(said.toString(StandardCharsets.UTF_8)).isZero();
      assertThat(said.toString(StandardCharsets.UTF_8))
          .contains("the daemon at " + chosen.resolve("dfdaemon.sock"));
    }
  }

  @Test
  void servesDownloadsAndSaysHowToMakeThem() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    DemoContent content = new DemoContent(3, 5_000_000);
    try (DataDirectory data = DataDirectory.open(directory);
        StandaloneRole role = new StandaloneRole(data, "127.0.0.1", print);
        DemoOrigin origin = new DemoOrigin(content, /* ranges= */ true).start()) {
      role.start();
      String socket = directory.resolve("dfdaemon.sock").toString();
      assertThat(out.toString(StandardCharsets.UTF_8)).contains("dfget -e " + socket);
      int code =
          Dfget.run(
              new String[] {origin.url(), "-O", "out", "-e", socket},
              new Terminal(print, print, Map.of(), directory, /* interactive= */ false));
      assertThat(code).as(out.toString(StandardCharsets.UTF_8)).isZero();
      assertThat(directory.resolve("out")).hasSize(5_000_000);
    }
  }
}
