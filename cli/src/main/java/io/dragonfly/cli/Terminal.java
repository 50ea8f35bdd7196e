package io.dragonfly.cli;

import java.io.Console;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What a program sees of the world it was started in.
 *
 * @param out for results
 * @param err for errors and progress
 * @param environment environment variables
 * @param directory absolute path that relative ones start from
 * @param interactive whether {@code err} is a terminal
 */
public record Terminal(
    PrintStream out,
    PrintStream err,
    Map<String, String> environment,
    Path directory,
    boolean interactive) {
  private static final int DEFAULT_COLUMNS = 80;
  private static final int MOST_COLUMNS = 1000;

  /** This process's own. */
  public static Terminal ofProcess() {
    return new Terminal(
        System.out, System.err, System.getenv(), Path.of("").toAbsolutePath(), isTerminal());
  }

  /** The launch script tests stderr, which Java cannot; without it the console has to do. */
  @SuppressWarnings("SystemConsoleNull") // NullAway knows only the older contract
  private static boolean isTerminal() {
    String said = System.getProperty("dragonfly.terminal");
    if (said != null) {
      return said.equals("true");
    }
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  /**
   * The terminal's width. Asks {@code stty}, which costs milliseconds: for those who have already
   * decided to draw.
   */
  public int columns() {
    String exported = environment.get("COLUMNS");
    if (exported != null) {
      return bounded(exported);
    }
    if (!interactive) {
      return DEFAULT_COLUMNS;
    }
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(Path.of("/dev/tty").toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String answer;
      try (var in = stty.getInputStream()) {
        answer = new String(in.readNBytes(64), StandardCharsets.US_ASCII).strip();
      }
      if (!stty.waitFor(1, TimeUnit.SECONDS)) {
        stty.destroyForcibly();
      }
      return bounded(answer.substring(answer.indexOf(' ') + 1));
    } catch (IOException e) {
      return DEFAULT_COLUMNS;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return DEFAULT_COLUMNS;
    }
  }

  private static int bounded(String columns) {
    try {
      int value = Integer.parseInt(columns.strip());
      return value < 1 ? DEFAULT_COLUMNS : Math.min(value, MOST_COLUMNS);
    } catch (NumberFormatException e) {
      return DEFAULT_COLUMNS;
    }
  }
}
