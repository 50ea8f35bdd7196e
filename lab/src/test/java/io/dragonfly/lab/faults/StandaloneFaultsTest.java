package io.dragonfly.lab.faults;

import static io.dragonfly.lab.faults.Fault.STANDALONE_STOPPED;
import static io.dragonfly.lab.faults.Fault.STANDALONE_TWICE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A standalone that is told to stop while it works, and one that is started twice. */
@Timeout(300)
final class StandaloneFaultsTest {
  private static final long MIB = 1 << 20;
  private static final LabContent CONTENT = new LabContent(50, 40 * MIB + 321);
  private static final Behaviour SLOW = Behaviour.good().limitedTo(2 * MIB);

  enum Signal {
    INT,
    TERM
  }

  @TempDir private Path directory;

  private final List<Program> programs = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // set before each test
  private Path data;

  @SuppressWarnings("NullAway.Init")
  private Path outputs;

  @BeforeEach
  void makeDirectories() throws IOException {
    data = directory.resolve("d");
    outputs = Files.createDirectories(directory.resolve("out"));
  }

  @AfterEach
  void stop() {
    programs.forEach(Program::close);
  }

  private Program start(String role, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(Launcher.ofClassPath().command(role));
    command.addAll(List.of(arguments));
    Program program = Program.start(Files.createTempFile(directory, role, ".log"), command);
    programs.add(program);
    return program;
  }

  private Program standalone() throws IOException {
    return start("standalone", "--data-dir", data.toString());
  }

  private Program ready() throws IOException {
    Program program = standalone();
    await()
        .atMost(STANDALONE_TWICE.limit())
        .until(() -> !program.isAlive() || program.output().contains("Dragonfly is ready"));
    assertThat(program.isAlive()).as(program.output()).isTrue();
    return program;
  }

  private Program dfget(String url, Path output) throws IOException {
    return start("dfget", "-e", data.resolve("dfdaemon.sock").toString(), url, "-O", output + "");
  }

  /** The cache has the content and the journal of so many tasks, and nothing else. */
  private void cacheHasTasks(int tasks) throws IOException {
    assertThat(Footprint.cacheBelow(data.resolve("data")))
        .extracting(file -> file.getFileName().toString())
        .allMatch(name -> name.matches("[0-9a-f]{64}(~meta)?"))
        .hasSize(2 * tasks);
  }

  private void returnsTo(Footprint base, Program standalone) {
    await()
        .atMost(STANDALONE_STOPPED.limit())
        .untilAsserted(() ->
            assertThat(Footprint.of(standalone, data.resolve("data")).growthSince(base))
                .as("what the standalone has open")
                .isEmpty());
  }

  @ParameterizedTest
  @EnumSource(Signal.class)
  void aStandaloneToldToStopUnderLoadEndsAndKeepsWhatIsVerified(Signal signal) throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, SLOW)) {
      Program standalone = ready();
      assertThat(Footprint.cacheBelow(data.resolve("data"))).isEmpty();
      Path first = outputs.resolve("first");
      Path second = outputs.resolve("second");
      Program one = dfget(origin.url("/load"), first);
      Program other = dfget(origin.url("/other"), second);
      await().atMost(STANDALONE_STOPPED.limit()).until(() -> origin.bytesSent() > 48 * MIB);
      switch (signal) {
        case INT -> standalone.interrupt();
        case TERM -> standalone.terminate();
      }
      assertThat(standalone.await(STANDALONE_STOPPED.limit())).as(standalone.output()).isZero();
      assertThat(standalone.output()).doesNotContain("Exception", "\tat ");
      FaultBench.end(STANDALONE_STOPPED, one, first).failedSaying("daemon");
      FaultBench.end(STANDALONE_STOPPED, other, second).failedSaying("daemon");
      await().atMost(STANDALONE_STOPPED.limit()).until(() -> origin.connections() == 0);
      assertThat(data.resolve("dfdaemon.sock")).doesNotExist();
      try (Stream<Path> files = Files.list(outputs)) {
        assertThat(files).as("nothing is left of the outputs").isEmpty();
      }

      long before = origin.bytesSent();
      origin.become(CONTENT, Behaviour.good());
      cacheHasTasks(2);
      Program restarted = ready();
      Footprint base = Footprint.of(restarted, data.resolve("data"));
      Program again = dfget(origin.url("/load"), first);
      FaultBench.end(STANDALONE_STOPPED, again, first).succeededWith(CONTENT);
      cacheHasTasks(2);
      returnsTo(base, restarted);
      assertThat(origin.bytesSent() - before)
          .as("verified pieces are not read again")
          .isLessThan(CONTENT.length() - 4 * MIB);
    }
  }

  @Test
  void aSecondStartOnTheSameDirectoryIsRefusedAndHarmsNothing() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, SLOW)) {
      Program first = ready();
      Footprint base = Footprint.of(first, data.resolve("data"));
      Path output = outputs.resolve("file");
      Program dfget = dfget(origin.url("/twice"), output);
      await().atMost(STANDALONE_TWICE.limit()).until(() -> origin.bytesSent() > 4 * MIB);

      Program second = standalone();
      assertThat(second.await(STANDALONE_TWICE.limit())).isEqualTo(1);
      assertThat(second.output().strip().lines()).as(second.output()).hasSize(1);
      assertThat(second.output())
          .startsWith("standalone: ")
          .contains("running on " + data, "process " + first.pid(), "--data-dir");

      FaultBench.end(STANDALONE_TWICE, dfget, output).succeededWith(CONTENT);
      assertThat(origin.bytesSent()).isLessThanOrEqualTo(CONTENT.length() * 101 / 100);
      cacheHasTasks(1);
      returnsTo(base, first);
      first.interrupt();
      assertThat(first.await(STANDALONE_STOPPED.limit())).isZero();
    }
  }
}
