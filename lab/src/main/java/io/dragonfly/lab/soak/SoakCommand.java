package io.dragonfly.lab.soak;

import io.dragonfly.cli.ExitCode;
import io.dragonfly.common.flag.Flag;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.lab.process.CommandLine;
import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.Workplace;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;

/** {@code lab soak}: whether anything grows in a swarm at work. */
public final class SoakCommand {
  private static final int MOST_MINUTES = 7 * 24 * 60;
  private static final long ROOM = 4L << 30;

  private SoakCommand() {}

  private static Flags flags() {
    return new Flags(
            "dragonfly lab soak",
            "Downloads without a pause between a scheduler, a seed and three peers, some of which"
                + " are killed or give up, and says whether memory or descriptors grow. Linux only.")
        .group(
            "Options",
            Flag.value("minutes", "COUNT").defaultsTo("20").help("How long"),
            Flag.value("work", "DIR")
                .defaultsTo(System.getProperty("java.io.tmpdir"))
                .help("Where all files go meanwhile"));
  }

  /**
   * Runs it.
   *
   * @param distribution the unpacked distribution whose programs take part
   * @return the exit code: 1 when something grows or fails, 2 when the command line is wrong
   */
  public static int run(Path distribution, String... args) throws InterruptedException {
    return CommandLine.run("lab soak", flags(), parsed -> run(distribution, parsed), args);
  }

  private static ExitCode run(Path distribution, ParsedFlags parsed)
      throws UsageException, IOException, InterruptedException {
    Duration time = Duration.ofMinutes(parsed.number("minutes", 1, MOST_MINUTES));
    Consumer<String> told = System.out::println;
    try (Workplace work = Workplace.open(Path.of(parsed.string("work")), ROOM);
        Soak soak = new Soak(work.directory(), Launcher.ofDistribution(distribution), told)) {
      return soak.run(time) ? ExitCode.OK : ExitCode.FAILED;
    }
  }
}
