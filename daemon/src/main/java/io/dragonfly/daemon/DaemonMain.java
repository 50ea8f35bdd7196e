package io.dragonfly.daemon;

import io.dragonfly.common.config.ByteSize;
import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Loaded;
import io.dragonfly.common.flag.Flag;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.common.lifecycle.BuildInfo;
import io.dragonfly.common.lifecycle.ServerMain;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.telemetry.LogOptions;
import io.dragonfly.common.telemetry.Logging;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The program {@code dfdaemon}, with upstream's options and environment variables. */
public final class DaemonMain {
  private static final String NAME = "dfdaemon";

  private DaemonMain() {}

  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs until SIGINT or SIGTERM; returns the exit code: 0 clean, 1 failure, 2 usage. */
  public static int run(String[] args) {
    return main(args, System.out, System.err);
  }

  /** As {@link #run}, with the streams to print to. */
  public static int main(String[] args, PrintStream out, PrintStream err) {
    Flags flags = flags();
    ParsedFlags parsed;
    LogOptions logging;
    try {
      parsed = flags.parse(args);
      if (parsed.wantsHelp()) {
        out.print(flags.help());
        return ServerMain.SUCCESS;
      }
      if (parsed.wantsVersion()) {
        out.println(BuildInfo.load().line(NAME));
        return ServerMain.SUCCESS;
      }
      logging = logging(parsed);
    } catch (UsageException e) {
      err.println(NAME + ": " + e.getMessage());
      return ServerMain.USAGE;
    }
    Path file = Path.of(parsed.string("config"));
    try {
      Loaded<DaemonConfig> loaded = ConfigLoader.load(file, DaemonConfig.class);
      List<String> idle = IdleKeys.in(file);
      try (Logging _ = Logging.configure(NAME, logging)) {
        Logger logger = LoggerFactory.getLogger(DaemonMain.class);
        if (!loaded.unknownKeys().isEmpty()) {
          logger.warn("event=unknown_keys file={} keys={}", file, loaded.unknownKeys());
        }
        if (!idle.isEmpty()) {
          logger.warn("event=keys_without_effect file={} keys={}", file, idle);
        }
        return serve(file, loaded.value(), Path.of(parsed.string("dynconfig")));
      }
    } catch (ConfigException | StartException e) {
      return ServerMain.startFailed(NAME, e, err);
    }
  }

  private static int serve(Path file, DaemonConfig config, Path dynconfig) {
    Daemon daemon = new Daemon(config, dynconfig);
    return ServerMain.run(
        NAME,
        new ServerMain.Role() {
          @Override
          public void start() throws StartException {
            daemon.start();
          }

          @Override
          public boolean reload() {
            reconfigure(daemon, file);
            return true;
          }

          @Override
          public void close() {
            daemon.close();
          }
        });
  }

  /** A file that is wrong changes nothing. */
  private static void reconfigure(Daemon daemon, Path file) {
    Logger logger = LoggerFactory.getLogger(DaemonMain.class);
    try {
      Loaded<DaemonConfig> loaded = ConfigLoader.load(file, DaemonConfig.class);
      if (!loaded.unknownKeys().isEmpty()) {
        logger.warn("event=unknown_keys file={} keys={}", file, loaded.unknownKeys());
      }
      daemon.reconfigure(loaded.value());
    } catch (ConfigException e) {
      logger.warn("event=not_reconfigured file={} reason=\"{}\"", file, e.getMessage());
    }
  }

  private static LogOptions logging(ParsedFlags parsed) throws UsageException {
    LogOptions.LogLevel level;
    ByteSize size;
    try {
      level = LogOptions.LogLevel.parse(parsed.string("log-level"));
    } catch (IllegalArgumentException e) {
      throw parsed.invalid("log-level", String.valueOf(e.getMessage()));
    }
    try {
      size = ByteSize.parse(parsed.string("log-max-file-size"));
    } catch (IllegalArgumentException e) {
      throw parsed.invalid("log-max-file-size", String.valueOf(e.getMessage()));
    }
    return new LogOptions(
        level,
        parsed.isOn("console") ? Optional.empty() : Optional.of(Path.of(parsed.string("log-dir"))),
        Math.toIntExact(parsed.number("log-max-files", 1, 1000)),
        Math.max(4096, size.bytes()));
  }

  private static Flags flags() {
    return new Flags(NAME, "Downloads content together with the other hosts of a cluster.")
        .group(
            "Options",
            Flag.value("config", "FILE")
                .letter('c')
                .env("DFDAEMON_CONFIG")
                .defaultsTo("/etc/dragonfly/dfdaemon.yaml")
                .help("The configuration"),
            Flag.value("dynconfig", "FILE")
                .env("DFDAEMON_DYNCONFIG")
                .defaultsTo("/etc/dragonfly/dynconfig.yaml")
                .help("The file that names the schedulers, where no manager is configured"))
        .group(
            "Logging",
            Flag.value("log-level", "LEVEL")
                .letter('l')
                .env("DFDAEMON_LOG_LEVEL")
                .defaultsTo("info")
                .help("trace, debug, info, warn or error"),
            Flag.value("log-dir", "DIRECTORY")
                .env("DFDAEMON_LOG_DIR")
                .defaultsTo("/var/log/dragonfly/dfdaemon")
                .help("Where dfdaemon.log is written"),
            Flag.value("log-max-files", "COUNT")
                .env("DFDAEMON_LOG_MAX_FILES")
                .defaultsTo("6")
                .help("Files to keep"),
            Flag.value("log-max-file-size", "SIZE")
                .env("DFDAEMON_LOG_MAX_FILE_SIZE")
                .defaultsTo("1GiB")
                .help("A file that is larger is put aside"),
            Flag.toggle("console")
                .env("DFDAEMON_CONSOLE")
                .help("Log to the console instead of files"));
  }
}
