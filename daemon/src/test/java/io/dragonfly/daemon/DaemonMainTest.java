package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DaemonMainTest {
  @TempDir Path dir;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... arguments) {
    return DaemonMain.main(
        arguments, new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8));
  }

  @Test
  void theVersionIsPrinted() {
    assertThat(run("-V")).isZero();
    assertThat(out.toString(UTF_8)).startsWith("dfdaemon ");
  }

  @Test
  void theHelpNamesUpstreamsOptions() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString(UTF_8))
        .contains("--config", "--dynconfig", "--log-level", "--log-dir", "--log-max-files")
        .contains("--console", "DFDAEMON_CONFIG");
  }

  @Test
  void aMissingConfigurationIsNamed() {
    assertThat(run("--console", "--config", dir.resolve("absent.yaml").toString())).isEqualTo(1);
    assertThat(err.toString(UTF_8))
        .startsWith("dfdaemon: ")
        .contains("absent.yaml")
        .hasLineCount(1);
  }

  @Test
  void aWrongConfigurationIsExplained() throws Exception {
    Path file = Files.writeString(dir.resolve("d.yaml"), "upload: {server: {port: none}}");
    assertThat(run("--console", "-c", file.toString())).isEqualTo(1);
    assertThat(err.toString(UTF_8)).contains("upload.server.port");
  }

  @Test
  void wrongUsageHasItsOwnExitCode() {
    assertThat(run("--no-such-option")).isEqualTo(2);
    assertThat(run("--log-level", "loud")).isEqualTo(2);
    assertThat(run("--log-max-file-size", "much")).isEqualTo(2);
    assertThat(out.toString(UTF_8)).isEmpty();
  }
}
