package io.dragonfly.lab.swarm;

import io.dragonfly.cli.ExitCode;
import io.dragonfly.common.config.ByteSize;
import io.dragonfly.common.config.Durations;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** {@code lab swarm}: a swarm in a shaped network beside its rivals. */
public final class SwarmCommand {
  private SwarmCommand() {}

  private static Flags flags() {
    return new Flags(
            "dragonfly lab swarm",
            "Distributes one content in a shaped network of hosts on this machine, ours and its"
                + " rivals one after the other, and compares them with what the links allow. Needs"
                + " root on Linux.")
        .group(
            "Options",
            Flag.value("peers", "COUNT").defaultsTo("10").help("How many hosts download"),
            Flag.value("rate", "RATE")
                .defaultsTo("100mbit")
                .help("Of each peer's link, in both directions"),
            Flag.value("seed-rate", "RATE").help("Of the seed's link; as --rate by default"),
            Flag.value("origin-rate", "RATE").help("Of the origin's link; as --rate by default"),
            RoundTrip.flag(),
            Flag.value("size", "SIZE").defaultsTo("256MiB").help("Length of the content"),
            Flag.value("layers", "COUNT")
                .defaultsTo("1")
                .help("In so many parts nginx, mirror and squid have it, as an image"),
            Flag.value("stagger", "TIME")
                .defaultsTo("0s")
                .help("Each peer begins so much later than the one before"),
            Flag.value("contenders", "NAMES")
                .defaultsTo("dragonfly,nginx,aria2")
                .help("Who takes part, in this order; mirror and squid are others"),
            Flag.value("upstream", "DIR")
                .help("Upstream's programs in this directory take part as well"),
            Flag.value("work", "DIR")
                .defaultsTo(System.getProperty("java.io.tmpdir"))
                .help("Where all files go meanwhile"),
            Flag.value("report", "DIR")
                .defaultsTo("lab-report")
                .help("Where the JSON file and the charts go"));
  }

  /**
   * Runs it.
   *
   * @param distribution the unpacked distribution whose programs take part
   * @return the exit code: 1 when something failed, 2 when the command line is wrong
   */
  public static int run(Path distribution, String... args) throws InterruptedException {
    return CommandLine.run("lab swarm", flags(), parsed -> run(distribution, parsed), args);
  }

  private static ExitCode run(Path distribution, ParsedFlags parsed)
      throws UsageException, IOException, InterruptedException {
    SwarmOptions options = options(parsed, Launcher.ofDistribution(distribution));
    ShapedNetwork.require();
    new SwarmRun(options, System.out).run();
    return ExitCode.OK;
  }

  private static SwarmOptions options(ParsedFlags parsed, Launcher ours) throws UsageException {
    Rate rate = CommandLine.read(parsed, "rate", Rate::parse);
    long size = CommandLine.read(parsed, "size", text -> ByteSize.parse(text).bytes());
    if (size < SwarmOptions.SMALLEST || size > SwarmOptions.LARGEST) {
      throw parsed.invalid("size", "expected 1KiB to 64GiB");
    }
    Optional<Path> upstream = parsed.value("upstream").map(Path::of);
    if (upstream.isPresent()) {
      for (String program : List.of("scheduler", "dfdaemon")) {
        if (!Files.isExecutable(upstream.get().resolve(program))) {
          throw parsed.invalid("upstream", "there is no program " + program + " in it");
        }
      }
    }
    return new SwarmOptions(
        (int) parsed.number("peers", 1, SwarmOptions.MOST_PEERS),
        rate,
        parsed.isGiven("seed-rate") ? CommandLine.read(parsed, "seed-rate", Rate::parse) : rate,
        parsed.isGiven("origin-rate") ? CommandLine.read(parsed, "origin-rate", Rate::parse) : rate,
        RoundTrip.read(parsed),
        size,
        (int) parsed.number("layers", 1, SwarmOptions.MOST_LAYERS),
        CommandLine.read(parsed, "stagger", Durations::parse),
        contenders(parsed),
        upstream,
        ours,
        Path.of(parsed.string("work")),
        CommandLine.report(parsed));
  }

  private static List<Contender.Kind> contenders(ParsedFlags parsed) throws UsageException {
    List<Contender.Kind> kinds = new ArrayList<>();
    for (String name : parsed.string("contenders").split(",", -1)) {
      kinds.add(
          CommandLine.read(
              parsed,
              "contenders",
              _ -> {
                try {
                  return Contender.Kind.valueOf(name.strip().toUpperCase(Locale.ROOT));
                } catch (IllegalArgumentException e) {
                  throw new IllegalArgumentException(
                      "expected dragonfly, nginx, aria2, mirror or squid", e);
                }
              }));
    }
    return kinds;
  }
}
