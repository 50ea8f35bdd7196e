package io.dragonfly.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * One run of dfget and what it printed.
 *
 * @param code the exit code
 */
record DfgetRun(int code, String out, String err) {
  /** Runs in a directory that is the home, too. */
  static DfgetRun of(Path directory, String... args) {
    return with(directory, Map.of("HOME", directory.toString()), args);
  }

  static DfgetRun with(Path directory, Map<String, String> environment, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        Dfget.run(
            args,
            new Terminal(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                environment,
                directory,
                /* interactive= */ false));
    return new DfgetRun(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
