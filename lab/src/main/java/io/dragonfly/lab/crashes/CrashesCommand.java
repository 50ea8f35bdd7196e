package io.dragonfly.lab.crashes;

import io.dragonfly.cli.ExitCode;
import io.dragonfly.common.flag.Flag;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.telemetry.LogOptions;
import io.dragonfly.common.telemetry.LogOptions.LogLevel;
import io.dragonfly.common.telemetry.Logging;
import io.dragonfly.lab.process.CommandLine;
import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.Workplace;
import java.io.IOException;
import java.nio.file.Path;

/** {@code lab crashes}: kills a real daemon at random moments and checks what it kept. */
public final class CrashesCommand {
  private static final int MOST_RUNS = 10_000;

  private CrashesCommand() {}

  private static Flags flags() {
    return new Flags(
            "dragonfly lab crashes",
            "Kills a daemon (-9) at random moments while it downloads, starts it again, and checks"
                + " that it serves what the origin gave and fetches no finished piece twice.")
        .group(
            "Options",
            Flag.value("runs", "COUNT").defaultsTo("200").help("How many downloads are hit"),
            Flag.value("seed", "NUMBER")
                .defaultsTo("0")
                .help("What the moments are drawn from, and the contents"),
            Flag.value("work", "DIR")
                .defaultsTo(System.getProperty("java.io.tmpdir"))
                .help("Where all files go meanwhile, some 600 MB"));
  }

  /**
   * Runs it.
   *
   * @param distribution the unpacked distribution whose programs are killed
   * @return the exit code: 1 when something was wrong afterwards, 2 when the command line is wrong
   */
  public static int run(Path distribution, String... args) throws InterruptedException {
    return CommandLine.run("lab crashes", flags(), parsed -> run(distribution, parsed), args);
  }

  private static ExitCode run(Path distribution, ParsedFlags parsed)
      throws UsageException, IOException, StartException, InterruptedException {
    int runs = (int) parsed.number("runs", 1, MOST_RUNS);
    long seed = parsed.number("seed", 0, Integer.MAX_VALUE);
    // What the gRPC client here has to say of broken connections is not of interest.
    try (Workplace work = Workplace.open(Path.of(parsed.string("work")), CrashRuns.ROOM);
        Logging _ = Logging.configure("lab", LogOptions.console(LogLevel.ERROR))) {
      Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> clean(work)));
      return new CrashRuns(
                  work.directory(), Launcher.ofDistribution(distribution), seed, System.out)
              .run(runs)
          ? ExitCode.OK
          : ExitCode.FAILED;
    }
  }

  /** After Ctrl-C: no program goes on, and nothing is left behind. */
  private static void clean(Workplace work) {
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
    work.close();
  }
}
