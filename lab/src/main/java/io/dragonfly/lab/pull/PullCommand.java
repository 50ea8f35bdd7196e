package io.dragonfly.lab.pull;

import io.dragonfly.cli.ExitCode;
import io.dragonfly.common.config.ByteSize;
import io.dragonfly.common.flag.Flag;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.lab.process.CommandLine;
import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.shaped.Rate;
import io.dragonfly.lab.shaped.RoundTrip;
import io.dragonfly.lab.shaped.ShapedNetwork;
import java.io.IOException;
import java.nio.file.Path;

/** {@code lab pull}: a cold layer through the registry mirror beside straight from its origin. */
public final class PullCommand {
  private PullCommand() {}

  private static Flags flags() {
    return new Flags(
            "dragonfly lab pull",
            "Has curl pull a layer that no host has yet in a shaped network of hosts on this"
                + " machine: straight from its origin, through a daemon that reads the origin"
                + " itself, and through one whose seed does. Needs root on Linux.")
        .group(
            "Options",
            Flag.value("rate", "RATE")
                .defaultsTo("100mbit")
                .help("Of each host's link, in both directions"),
            RoundTrip.flag(),
            Flag.value("size", "SIZE").defaultsTo("300MB").help("Length of the layer"),
            Flag.value("runs", "COUNT").defaultsTo("3").help("How often, each with another layer"),
            Flag.value("small", "COUNT")
                .defaultsTo("300")
                .help("Layers of one piece that are pulled before, as daemons run for months"),
            Flag.value("work", "DIR")
                .defaultsTo(System.getProperty("java.io.tmpdir"))
                .help("Where all files go meanwhile"));
  }

  /**
   * Runs it.
   *
   * @param distribution the unpacked distribution whose programs take part
   * @return the exit code: 1 when something failed, 2 when the command line is wrong
   */
  public static int run(Path distribution, String... args) throws InterruptedException {
    return CommandLine.run("lab pull", flags(), parsed -> run(distribution, parsed), args);
  }

  private static ExitCode run(Path distribution, ParsedFlags parsed)
      throws UsageException, IOException, InterruptedException {
    long size = CommandLine.read(parsed, "size", text -> ByteSize.parse(text).bytes());
    if (size < PullOptions.SMALLEST || size > PullOptions.LARGEST) {
      throw parsed.invalid("size", "expected 1KiB to 64GiB");
    }
    PullOptions options =
        new PullOptions(
            CommandLine.read(parsed, "rate", Rate::parse),
            RoundTrip.read(parsed),
            size,
            (int) parsed.number("runs", 1, PullOptions.MOST_RUNS),
            (int) parsed.number("small", 0, PullOptions.MOST_SMALL),
            Launcher.ofDistribution(distribution),
            Path.of(parsed.string("work")));
    ShapedNetwork.require();
    new PullRun(options, System.out).run();
    return ExitCode.OK;
  }
}
