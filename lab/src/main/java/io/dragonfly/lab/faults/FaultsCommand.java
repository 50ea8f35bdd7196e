package io.dragonfly.lab.faults;

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
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** {@code lab faults}: what happens to a swarm when its members, links, disks or origin fail. */
public final class FaultsCommand {
  private FaultsCommand() {}

  private static Flags flags() {
    return new Flags(
            "dragonfly lab faults",
            "Lets one thing go wrong while a swarm in a shaped network of hosts on this machine"
                + " downloads, a fresh swarm for each case, and checks what became of it. Needs"
                + " root on Linux.")
        .group(
            "Options",
            Flag.value("peers", "COUNT").defaultsTo("3").help("How many hosts download"),
            Flag.value("rate", "RATE")
                .defaultsTo("100mbit")
                .help("Of each link, in both directions"),
            RoundTrip.flag(),
            Flag.value("size", "SIZE").defaultsTo("64MiB").help("Length of the content"),
            Flag.value("only", "NAMES").defaultsTo(names()).help("Which cases, in this order"),
            Flag.value("work", "DIR")
                .defaultsTo(System.getProperty("java.io.tmpdir"))
                .help("Where all files go meanwhile"),
            Flag.value("report", "DIR").defaultsTo("lab-report").help("Where the JSON file goes"));
  }

  private static String names() {
    return FaultCases.all().stream().map(FaultCase::name).collect(Collectors.joining(","));
  }

  /**
   * Runs it.
   *
   * @param distribution the unpacked distribution whose programs take part
   * @return the exit code: 1 when an invariant is violated or something else failed, 2 when the
   *     command line is wrong
   */
  public static int run(Path distribution, String... args) throws InterruptedException {
    return CommandLine.run("lab faults", flags(), parsed -> run(distribution, parsed), args);
  }

  private static ExitCode run(Path distribution, ParsedFlags parsed)
      throws UsageException, IOException, InterruptedException {
    FaultOptions options = options(parsed, Launcher.ofDistribution(distribution));
    ShapedNetwork.require();
    return new FaultsRun(options, System.out).run() ? ExitCode.OK : ExitCode.FAILED;
  }

  private static FaultOptions options(ParsedFlags parsed, Launcher ours) throws UsageException {
    long size = CommandLine.read(parsed, "size", text -> ByteSize.parse(text).bytes());
    if (size < FaultOptions.SMALLEST || size > FaultOptions.LARGEST) {
      throw parsed.invalid("size", "expected 16MiB to 4GiB");
    }
    FaultOptions options =
        new FaultOptions(
            (int) parsed.number("peers", FaultOptions.FEWEST_PEERS, FaultOptions.MOST_PEERS),
            CommandLine.read(parsed, "rate", Rate::parse),
            RoundTrip.read(parsed),
            size,
            cases(parsed),
            ours,
            Path.of(parsed.string("work")),
            CommandLine.report(parsed));
    if (options.linkSeconds() < FaultOptions.SHORTEST_SECONDS) {
      throw parsed.invalid(
          "rate",
          "at this rate %s arrives in less than %.0f s, before anything can happen to it: raise"
                  .formatted(parsed.string("size"), FaultOptions.SHORTEST_SECONDS)
              + " --size or lower --rate");
    }
    return options;
  }

  private static List<FaultCase> cases(ParsedFlags parsed) throws UsageException {
    List<FaultCase> cases = new ArrayList<>();
    for (String name : parsed.string("only").split(",", -1)) {
      cases.add(
          FaultCases.all().stream()
              .filter(one -> one.name().equals(name.strip()))
              .findFirst()
              .orElseThrow(() -> parsed.invalid("only", "expected names out of " + names())));
    }
    return cases;
  }
}
