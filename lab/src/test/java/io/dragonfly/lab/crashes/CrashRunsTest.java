package io.dragonfly.lab.crashes;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.process.Launcher;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
final class CrashRunsTest {
  @TempDir private Path directory;

  @Test
  void whatAKilledDaemonHadIsKeptAndRight() throws Exception {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    CrashRuns runs =
        new CrashRuns(
            directory,
            Launcher.ofClassPath(),
            /* seed= */ 1,
            new PrintStream(printed, true, StandardCharsets.UTF_8));

    boolean holds = runs.run(20);

    String text = printed.toString(StandardCharsets.UTF_8);
    assertThat(holds).as(text).isTrue();
    assertThat(text).contains(" 0 downloads wrong").doesNotContain(" 0 finished pieces kept");
  }
}
