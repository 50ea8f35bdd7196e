package io.dragonfly.common.telemetry;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * Where a program's log goes.
 *
 * @param level what is logged
 * @param directory where the files are; empty: standard output
 * @param maxFiles how many files are kept, the current one included, 1 to 1000; a full file is
 *     always kept beside its successor, so 1 means 2
 * @param maxFileBytes a file that has grown to this is followed by a new one, at least 4096
 */
public record LogOptions(
    LogLevel level, Optional<Path> directory, int maxFiles, long maxFileBytes) {
  public static final int DEFAULT_MAX_FILES = 6;
  public static final long DEFAULT_MAX_FILE_BYTES = 1L << 30;
  private static final long SMALLEST_FILE = 4096;

  /** How much is logged, least to most. */
  public enum LogLevel {
    OFF,
    ERROR,
    WARN,
    INFO,
    DEBUG,
    TRACE;

    /**
     * Reads a level as upstream writes it: in any case, also {@code warning}, {@code panic} and
     * {@code fatal}.
     *
     * @throws IllegalArgumentException that names the text and what is allowed
     */
    public static LogLevel parse(String text) {
      return switch (text.strip().toLowerCase(Locale.ROOT)) {
        case "off", "none" -> OFF;
        case "error", "panic", "fatal", "dpanic" -> ERROR;
        case "warn", "warning" -> WARN;
        case "info" -> INFO;
        case "debug" -> DEBUG;
        case "trace" -> TRACE;
        default ->
            throw new IllegalArgumentException(
                "unknown log level '" + text + "': write trace, debug, info, warn, error or off");
      };
    }
  }

  public LogOptions {
    Objects.requireNonNull(level, "level is null");
    Objects.requireNonNull(directory, "directory is null");
    if (maxFiles < 1 || maxFiles > 1000) {
      throw new IllegalArgumentException(
          "the number of log files must be 1 to 1000, not " + maxFiles);
    }
    if (maxFileBytes < SMALLEST_FILE) {
      throw new IllegalArgumentException(
          "a log file must have at least " + SMALLEST_FILE + " bytes, not " + maxFileBytes);
    }
  }

  /** To standard output. */
  public static LogOptions console(LogLevel level) {
    return new LogOptions(level, Optional.empty(), DEFAULT_MAX_FILES, DEFAULT_MAX_FILE_BYTES);
  }

  /** To files of the default size and number. */
  public static LogOptions files(LogLevel level, Path directory) {
    return new LogOptions(level, Optional.of(directory), DEFAULT_MAX_FILES, DEFAULT_MAX_FILE_BYTES);
  }
}
