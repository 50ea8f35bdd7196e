package io.dragonfly.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The launcher of a checkout, with a build that only says that it ran. */
@Timeout(60)
final class LauncherTest {
  private static final Path LAUNCHER = Path.of("..", "dragonfly");

  @TempDir private Path root;

  @BeforeEach
  void layOut() throws IOException {
    Files.createDirectories(root.resolve("dist/src/main/scripts"));
    Files.copy(LAUNCHER, root.resolve("dragonfly"));
    script("dist/src/main/scripts/find-jdk", "echo /jdk");
    script(
        "mvnw",
        """
        cd "${0%/*}"
        echo begin >>builds
        sleep 1
        mkdir -p dist/target/dragonfly-1/bin
        printf '#!/bin/sh\\necho "ran $*"\\n' >dist/target/dragonfly-1/bin/dragonfly
        chmod +x dist/target/dragonfly-1/bin/dragonfly
        echo end >>builds
        """);
  }

  private void script(String name, String body) throws IOException {
    Path file = root.resolve(name);
    Files.writeString(file, "#!/bin/sh\nset -eu\n" + body);
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private Process start(int number) throws IOException {
    return new ProcessBuilder("sh", root.resolve("dragonfly").toString(), "version")
        .redirectOutput(root.resolve("out" + number).toFile())
        .redirectError(root.resolve("err" + number).toFile())
        .start();
  }

  @Test
  void startsThatBeginAtOnceBuildOnceAndAllRun() throws Exception {
    List<Process> starts = new ArrayList<>();
    for (int number = 0; number < 3; number++) {
      starts.add(start(number));
    }
    for (int number = 0; number < 3; number++) {
      Process process = starts.get(number);
      assertThat(process.waitFor(50, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(root.resolve("err" + number))).isZero();
      assertThat(root.resolve("out" + number)).hasContent("ran version");
    }
    assertThat(Files.readAllLines(root.resolve("builds"))).containsExactly("begin", "end");
  }

  @Test
  void aBuildThatFailsIsToldAndTriedAgain() throws Exception {
    script("mvnw", "echo 'no such symbol'\nexit 1\n");
    for (int number = 0; number < 2; number++) {
      Process process = start(number);
      assertThat(process.waitFor(50, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(1);
      assertThat(root.resolve("err" + number))
          .content()
          .contains("no such symbol", "dist/target/build.log");
    }
  }
}
