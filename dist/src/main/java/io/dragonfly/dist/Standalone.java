package io.dragonfly.dist;

import io.dragonfly.common.file.UserHome;
import io.dragonfly.common.flag.Flag;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.common.lifecycle.BuildInfo;
import io.dragonfly.common.lifecycle.ServerMain;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.telemetry.LogOptions;
import io.dragonfly.common.telemetry.LogOptions.LogLevel;
import io.dragonfly.common.telemetry.Logging;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;

/**
 * {@code dragonfly standalone}: a scheduler and a daemon that is its seed, in one process, for an
 * ordinary user: nothing below /var or /etc is touched.
 */
final class Standalone {
  private Standalone() {}

  static Flags flags() {
    return new Flags(
            "dragonfly standalone",
            "Runs a scheduler and a daemon in one process until it is interrupted. What was downloaded"
                + " is kept for the next time.")
        .group(
            "Options",
            Flag.value("data-dir", "DIR")
                .env("DRAGONFLY_DATA_DIR")
                .help("Where content, logs and the socket go; by default ~/.dragonfly"),
            Flag.value("listen", "ADDRESS")
                .defaultsTo("127.0.0.1")
                .help("Address to listen on; 0.0.0.0 lets other hosts take part"),
            Flag.value("log-level", "LEVEL").letter('l').defaultsTo("info").help("Of DIR/logs"));
  }

  static int run(String[] args) {
    Flags flags = flags();
    ParsedFlags parsed;
    LogLevel level;
    Path directory;
    try {
      parsed = flags.parse(args);
      if (parsed.wantsHelp()) {
        System.out.print(flags.help());
        return ServerMain.SUCCESS;
      }
      if (parsed.wantsVersion()) {
        System.out.println(BuildInfo.load().line("dragonfly"));
        return ServerMain.SUCCESS;
      }
      level = level(parsed);
      directory = directory(parsed, System.getenv());
    } catch (UsageException e) {
      System.err.println("standalone: " + e.getMessage());
      System.err.println("Try 'dragonfly standalone --help'.");
      return ServerMain.USAGE;
    }
    return run(directory, parsed.string("listen"), level);
  }

  private static int run(Path directory, String listen, LogLevel level) {
    try (DataDirectory data = DataDirectory.open(directory);
        Logging _ = Logging.configure("standalone", LogOptions.files(level, data.logs()))) {
      return ServerMain.run("standalone", new StandaloneRole(data, listen, System.out));
    } catch (StartException e) {
      return ServerMain.startFailed("standalone", e, System.err);
    }
  }

  /** Where the daemon of a standalone keeps its certificate authority. */
  static Path authorityDirectory(ParsedFlags parsed) throws UsageException {
    return directory(parsed, System.getenv()).resolve("data/ca");
  }

  private static LogLevel level(ParsedFlags parsed) throws UsageException {
    try {
      return LogLevel.parse(parsed.string("log-level"));
    } catch (IllegalArgumentException e) {
      throw parsed.invalid("log-level", String.valueOf(e.getMessage()));
    }
  }

  static Path directory(ParsedFlags parsed, Map<String, String> environment) throws UsageException {
    String text = parsed.value("data-dir").orElse("");
    if (text.isEmpty()) {
      return UserHome.standalone(environment)
          .orElseThrow(
              () -> new UsageException("HOME is not the directory of a user: pass --data-dir"));
    }
    try {
      return Path.of(text).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw parsed.invalid("data-dir", e.getReason());
    }
  }
}
