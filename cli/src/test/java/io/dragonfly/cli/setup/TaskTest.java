package io.dragonfly.cli.setup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.net.HostPort;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a running client is made to read what was written. */
class TaskTest {
  @TempDir private Path root;
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();

  private Task task(String... command) {
    Client client =
        (Client)
            Proxy.newProxyInstance(
                Client.class.getClassLoader(),
                new Class<?>[] {Client.class},
                (_, method, _) ->
                    method.getName().equals("reload") ? Optional.of(List.of(command)) : null);
    return new Task(
        "client",
        client,
        root,
        Wish.of(HostPort.parse("127.0.0.1:4001"), Optional.empty()),
        /* dryRun= */ false,
        new PrintStream(said, true, UTF_8));
  }

  @Test
  void nothingIsRestartedUnlessThatIsAskedFor() throws Exception {
    Path file = root.resolve("ran");
    Task task = task("touch", file.toString());
    task.reload(Set.of("/etc/a"), /* now= */ false);
    assertThat(said.toString(UTF_8)).isEqualTo("Then run: touch " + file + "\n");
    assertThat(file).doesNotExist();

    task.reload(Set.of("/etc/a"), /* now= */ true);
    assertThat(file).exists();
  }

  @Test
  void aRestartThatFailsIsSaidSo() {
    assertThatThrownBy(() -> task("false").reload(Set.of("/etc/a"), /* now= */ true))
        .isInstanceOf(SetupException.class)
        .hasMessageContaining("'false' ended with 1. The files are written.");
    assertThatThrownBy(() -> task("/none/x").reload(Set.of("/etc/a"), /* now= */ true))
        .isInstanceOf(SetupException.class)
        .hasMessageContaining("cannot run '/none/x'");
  }
}
