package io.dragonfly.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.process.Program;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the lab says to command lines that are wrong, and to users who may not. */
final class LabTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir Path directory;

  private record End(int exitCode, String text) {}

  /** As a user whom the system does not let do what needs root. */
  private End run(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Duser.name=somebody",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path", ""),
                "io.dragonfly.lab.Lab",
                "nowhere"));
    command.addAll(List.of(arguments));
    try (Program lab = Program.start(directory.resolve("out"), command)) {
      int exitCode = lab.await(LIMIT);
      return new End(exitCode, lab.output());
    }
  }

  @Test
  void aPullNeedsRootToo() throws Exception {
    End end = run("pull");
    assertThat(end.exitCode).isEqualTo(1);
    assertThat(end.text.strip())
        .isEqualTo("lab pull: network namespaces need root: run it with sudo");
  }

  @ParameterizedTest
  @ValueSource(strings = {"swarm", "faults"})
  void whoIsNotRootIsToldWhatIsNeeded(String command) throws Exception {
    End end = run(command, "--report", directory.resolve("report").toString());
    assertThat(end.exitCode).isEqualTo(1);
    assertThat(end.text.strip())
        .isEqualTo("lab " + command + ": network namespaces need root: run it with sudo");
    assertThat(directory.resolve("report")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "swarm, --peers, 0, 1 to 100",
    "swarm, --peers, 101, 1 to 100",
    "swarm, --rate, fast, a rate such as 100mbit",
    "swarm, --rate, 10kbit, from 1mbit to 40gbit",
    "swarm, --size, 1B, 1KiB to 64GiB",
    "swarm, --size, 9PB, 1KiB to 64GiB",
    "swarm, --layers, 0, 1 to 100",
    "pull, --size, 1B, 1KiB to 64GiB",
    "pull, --runs, 0, 1 to 100",
    "swarm, --rtt, 3s, from 0s to 2s",
    "swarm, --rtt, far, 500ms",
    "swarm, --stagger, -1s, 500ms",
    "swarm, --contenders, rsync, 'dragonfly, nginx, aria2, mirror or squid'",
    "swarm, --upstream, /nowhere, no program scheduler",
    "swarm, --report, /proc/version/report, /proc/version is none",
    "faults, --peers, 1, 2 to 20",
    "faults, --size, 15MiB, 16MiB to 4GiB",
    "faults, --rate, 10gbit, raise --size or lower --rate",
    "faults, --only, moon, peer-killed",
    "faults, --rtt, -5ms, 500ms",
    "crashes, --runs, 0, 1 to 10000",
    "crashes, --seed, -1, 0 to",
    "figures, --runs, 0, 1 to 100",
    "figures, --only, speed, memory",
  })
  void aWrongOptionIsNamedWithItsValueAndWhatIsPossible(
      String command, String option, String value, String possible) throws Exception {
    End end = run(command, option + "=" + value);
    assertThat(end.exitCode).as(end.text).isEqualTo(2);
    List<String> lines = end.text.lines().toList();
    assertThat(lines).hasSize(2);
    assertThat(lines.getFirst())
        .startsWith("lab " + command + ": invalid value '" + value + "' for " + option)
        .contains(possible);
    assertThat(lines.getLast()).isEqualTo("Try 'dragonfly lab " + command + " --help'.");
  }

  @Test
  void anUnknownCommandIsNamed() throws Exception {
    End end = run("fautls");
    assertThat(end.exitCode).isEqualTo(2);
    assertThat(end.text).startsWith("lab: there is no command fautls").contains("faults");
  }
}
