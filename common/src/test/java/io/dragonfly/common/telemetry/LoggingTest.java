package io.dragonfly.common.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.util.ContextInitializer;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.telemetry.LogOptions.LogLevel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

final class LoggingTest {
  private static final String CONFIGURATION = "logback.configurationFile";

  private final Logger log = LoggerFactory.getLogger(LoggingTest.class);

  @TempDir Path directory;

  /** The build sets one for its own output. */
  private final Optional<String> configured =
      Optional.ofNullable(System.clearProperty(CONFIGURATION));

  @AfterEach
  void restore() throws Exception {
    configured.ifPresent(file -> System.setProperty(CONFIGURATION, file));
    var context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    new ContextInitializer(context).autoConfig();
  }

  private Path file() {
    return directory.resolve("logs/test.log");
  }

  private Logging toFile(LogLevel level) throws StartException {
    return Logging.configure("test", LogOptions.files(level, directory.resolve("logs")));
  }

  @Test
  void linesGoToTheFileAndLevelsCount() throws Exception {
    try (var _ = toFile(LogLevel.INFO)) {
      log.info("event=ready port={}", 4000);
      log.debug("event=detail");
      LoggerFactory.getLogger("io.netty.something").info("event=library");
      java.util.logging.Logger.getLogger("old").warning("event=from_jul");
      java.util.logging.Logger.getLogger("old").fine("event=fine_from_jul");
    }

    assertThat(Files.readAllLines(file()))
        .hasSize(2)
        .satisfiesExactly(
            line -> assertThat(line).endsWith(" event=ready port=4000").contains(" INFO "),
            line -> assertThat(line).endsWith(" event=from_jul").contains(" WARN "));
  }

  @Test
  void aMessageCannotForgeALine() throws Exception {
    try (var _ = toFile(LogLevel.INFO)) {
      log.info("event=download url={}", "http://x/\r\n2026-01-01 ERROR forged");
    }

    assertThat(Files.readAllLines(file())).hasSize(1);
  }

  @Test
  void closingWritesEveryLineThatWaits() throws Exception {
    for (int round = 0; round < 20; round++) {
      try (var _ = toFile(LogLevel.INFO)) {
        for (int line = 0; line < 200; line++) {
          log.info("event=line round={} line={}", round, line);
        }
      }
    }

    assertThat(Files.readAllLines(file())).hasSize(20 * 200);
  }

  @Test
  void stackTracesAreWritten() throws Exception {
    try (var _ = toFile(LogLevel.INFO)) {
      log.error("event=failed", new IOException("the reason"));
    }

    assertThat(Files.readString(file()))
        .contains("event=failed\n", "java.io.IOException: the reason", "at io.dragonfly");
  }

  @Test
  void fullFilesAreFollowedByNewOnesAndTheOldestGo() throws Exception {
    var options = new LogOptions(LogLevel.INFO, Optional.of(directory.resolve("logs")), 3, 4096);
    try (var _ = Logging.configure("test", options)) {
      for (int i = 0; i < 40; i++) {
        for (int line = 0; line < 20; line++) {
          log.info("event=filler text={}", "x".repeat(200));
        }
        Thread.sleep(20); // The size is looked at every 100 ms.
      }
    }

    try (var files = Files.list(directory.resolve("logs"))) {
      assertThat(files.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("test.log", "test.log.1", "test.log.2");
    }
  }

  @Test
  void aConfigurationFileOfTheUserWins() throws Exception {
    System.setProperty(CONFIGURATION, directory.resolve("own.xml").toString());
    try (var _ = toFile(LogLevel.INFO)) {
      log.error("event=elsewhere");
    } finally {
      System.clearProperty(CONFIGURATION);
    }

    assertThat(file()).doesNotExist();
  }

  @Test
  void aDirectoryThatCannotBeWrittenIsNamedWithTheRemedy() throws Exception {
    Path notADirectory = Files.createFile(directory.resolve("file"));

    assertThatThrownBy(
            () -> Logging.configure("test", LogOptions.files(LogLevel.INFO, notADirectory)))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("cannot write the log to " + notADirectory.resolve("test.log"))
        .hasMessageContaining("--log-dir");
  }

  @Test
  void levelsAreReadAsUpstreamWritesThem() {
    assertThat(LogLevel.parse("INFO")).isEqualTo(LogLevel.INFO);
    assertThat(LogLevel.parse(" warning ")).isEqualTo(LogLevel.WARN);
    assertThat(LogLevel.parse("fatal")).isEqualTo(LogLevel.ERROR);
    assertThat(LogLevel.parse("off")).isEqualTo(LogLevel.OFF);
    assertThatThrownBy(() -> LogLevel.parse("loud"))
        .hasMessage("unknown log level 'loud': write trace, debug, info, warn, error or off");
  }

  @Test
  void boundsAreChecked() {
    assertThatThrownBy(() -> new LogOptions(LogLevel.INFO, Optional.empty(), 0, 1 << 20))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new LogOptions(LogLevel.INFO, Optional.empty(), 1, 10))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
