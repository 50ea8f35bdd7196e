package io.dragonfly.lab.process;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProgramTest {
  @TempDir Path directory;

  @Test
  void aPortThatSomebodyElseHasIsNamed() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Program program = Program.start(directory.resolve("log"), List.of("sleep", "100"))) {
      int port = socket.getLocalPort();
      assertThatThrownBy(() -> program.awaitListening(port, Duration.ofMillis(200)))
          .isInstanceOf(IOException.class)
          .hasMessageContainingAll("port " + port + " is in use by another program");
    }
  }

  @Test
  void moreDaemonsThanTheMachineHasMemoryForAreRefused() {
    assertThatThrownBy(() -> Accounting.requireMemoryFor(10_000_000))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("10000000 daemons", "MiB are available", "--peers");
  }

  @Test
  void missingToolsAreNamedTogetherWithTheirPackages() {
    Tool one = new Tool("no-such-tool", "one");
    Tool other = new Tool("nor-this-tool", "other");
    assertThatThrownBy(() -> Tool.require(one, other))
        .isInstanceOf(IOException.class)
        .hasMessage("no-such-tool, nor-this-tool are missing: apt-get install one other");
    assertThatThrownBy(() -> one.run("--version"))
        .isInstanceOf(IOException.class)
        .hasMessage("no-such-tool is missing: apt-get install one");
  }
}
