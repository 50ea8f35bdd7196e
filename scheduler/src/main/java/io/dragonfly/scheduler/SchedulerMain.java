package io.dragonfly.scheduler;

import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Keys;
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
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code scheduler [--config FILE] [--dynconfig FILE] [--console] [version]}, upstream's flags. */
public final class SchedulerMain {
  private static final Logger log = LoggerFactory.getLogger(SchedulerMain.class);
  private static final String NAME = "scheduler";
  private static final Path DEFAULT_CONFIG = Path.of("/etc/dragonfly/scheduler.yaml");
  private static final String DEFAULT_DYNCONFIG = "/etc/dragonfly/dynconfig.yaml";
  private static final Path DEFAULT_LOGS = Path.of("/var/log/dragonfly");

  private SchedulerMain() {}

  /** Runs until SIGINT or SIGTERM; returns the exit code: 0 clean, 1 failure, 2 usage. */
  public static int main(String[] args, PrintStream out, PrintStream err) {
    Flags flags = flags();
    ParsedFlags parsed;
    try {
      parsed = flags.parse(args);
    } catch (UsageException e) {
      err.println(NAME + ": " + e.getMessage());
      return ServerMain.USAGE;
    }
    if (parsed.wantsHelp()) {
      out.println(flags.help());
      return ServerMain.SUCCESS;
    }
    List<String> words = parsed.positionals();
    if (parsed.wantsVersion() || words.equals(List.of("version"))) {
      out.println(BuildInfo.load().line(NAME));
      return ServerMain.SUCCESS;
    }
    if (!words.isEmpty()) {
      err.println(NAME + ": unknown command '" + words.getFirst() + "'; the only one is: version");
      return ServerMain.USAGE;
    }
    return serve(parsed, err);
  }

  private static int serve(ParsedFlags flags, PrintStream err) {
    Logging logging;
    Scheduler scheduler;
    try {
      Loaded<SchedulerConfig> loaded = config(flags);
      SchedulerConfig config = loaded.value();
      logging = Logging.configure(NAME, logOptions(config, flags.isOn("console")));
      if (!loaded.unknownKeys().isEmpty()) {
        log.warn("event=unknown_keys keys={}", loaded.unknownKeys());
      }
      scheduler = new Scheduler(config, Optional.of(Path.of(flags.string("dynconfig"))));
    } catch (ConfigException | StartException | IllegalArgumentException e) {
      return ServerMain.startFailed(NAME, e, err);
    }
    try (logging) {
      return ServerMain.run(NAME, new Running(scheduler));
    }
  }

  /** A scheduler as a role of this process. */
  private record Running(Scheduler scheduler) implements ServerMain.Role {
    @Override
    public void start() throws StartException {
      try {
        scheduler.start();
      } catch (IOException e) {
        throw new StartException(String.valueOf(e.getMessage()), e);
      }
    }

    @Override
    public void close() {
      scheduler.close();
    }
  }

  /** Without {@code --config}, a missing default file means the defaults. */
  private static Loaded<SchedulerConfig> config(ParsedFlags flags) throws ConfigException {
    Path file = flags.value("config").map(Path::of).orElse(DEFAULT_CONFIG);
    if (!flags.isGiven("config") && Files.notExists(file)) {
      return new Loaded<>(SchedulerConfig.defaults(), List.of());
    }
    return ConfigLoader.load(file, SchedulerConfig.class, Keys.ANY_CASE);
  }

  private static LogOptions logOptions(SchedulerConfig config, boolean console) {
    SchedulerConfig.Server server = config.server();
    LogOptions.LogLevel level = LogOptions.LogLevel.parse(server.logLevel());
    if (console || config.console()) {
      return LogOptions.console(level);
    }
    return new LogOptions(
        level,
        Optional.of(logDirectory(server.logDir())),
        server.logMaxBackups() + 1,
        (long) server.logMaxSize() << 20);
  }

  private static Path logDirectory(@Nullable String configured) {
    return configured == null || configured.isBlank() ? DEFAULT_LOGS : Path.of(configured);
  }

  private static Flags flags() {
    return new Flags(
            NAME, "Knows hosts, tasks and peers, and tells peers where to take pieces from.")
        .group(
            "Options",
            Flag.value("config", "FILE")
                .env("SCHEDULER_CONFIG")
                .help("Configuration (default " + DEFAULT_CONFIG + ", if it exists)"),
            Flag.value("dynconfig", "FILE")
                .env("SCHEDULER_DYNCONFIG")
                .defaultsTo(DEFAULT_DYNCONFIG)
                .help("Dynamic configuration, made when missing"),
            Flag.toggle("console").env("SCHEDULER_CONSOLE").help("Log to the console"))
        .optionalPositional("COMMAND", "version: print the version");
  }
}
