package io.dragonfly.lab.sim;

import io.dragonfly.cli.ExitCode;
import io.dragonfly.common.config.ByteSize;
import io.dragonfly.common.config.Durations;
import io.dragonfly.common.file.FileProblem;
import io.dragonfly.common.flag.Flag;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.lab.process.CommandLine;
import io.dragonfly.lab.shaped.Rate;
import io.dragonfly.lab.shaped.RoundTrip;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** {@code lab simulate}: a whole swarm in one thread, on a virtual clock. */
public final class SimulateCommand {
  private SimulateCommand() {}

  private static Flags flags() {
    return new Flags(
            "dragonfly lab simulate",
            "Simulates a swarm: the deciding classes of scheduler and daemon on a virtual clock and"
                + " a fluid network. Equal options give equal traces.")
        .group(
            "Options",
            Flag.value("hosts", "COUNT").defaultsTo("10").help("How many hosts download"),
            Flag.value("seeds", "COUNT").defaultsTo("1").help("How many seed peers there are"),
            Flag.value("size", "SIZE").defaultsTo("256MiB").help("Length of the content"),
            Flag.value("piece-size", "SIZE").help("Length of a piece; as the daemon chooses it"),
            Flag.value("rate", "RATE").defaultsTo("100mbit").help("Of each host, up and down"),
            Flag.value("seed-rate", "RATE").help("Of a seed; as --rate by default"),
            Flag.value("origin-rate", "RATE").help("Of the origin; as --rate by default"),
            Flag.value("rack-rate", "RATE").help("Into and out of each rack; without limit"),
            Flag.value("rack-size", "COUNT").defaultsTo("20").help("Hosts in a rack"),
            Flag.value("stagger", "TIME")
                .defaultsTo("0s")
                .help("Each host begins so much later than the one before"),
            RoundTrip.flag(),
            Flag.value("grain", "TIME")
                .help(
                    "What happens within so much time is worked out together; 1 to 50 ms, by the"
                        + " number of hosts"),
            Flag.value("model", "NAME")
                .defaultsTo("fine")
                .help(
                    "fine; coarse: pieces twice as long and a grain of 50 ms; coarser: four times"
                        + " and 100 ms; all: one after the other, and how much they differ"),
            Flag.value("seed", "NUMBER").defaultsTo("1").help("Of all chance"),
            Flag.value("runs", "COUNT")
                .defaultsTo("1")
                .help("So many runs, with this seed and those that follow"),
            Flag.toggle("random").help("Small worlds, in which all of the above is left to chance"),
            Flag.value("faults", "COUNT").defaultsTo("0").help("How many things go wrong"),
            Flag.value("kinds", "NAMES")
                .defaultsTo("all")
                .help(
                    "What can go wrong: crash, power, partition, disk, corrupt, scheduler, origin,"
                        + " change"),
            Flag.value("only", "NUMBERS").help("Of the faults that the seed gives, only these"),
            Flag.value("plant", "NAME")
                .defaultsTo("none")
                .help("A mistake on purpose: root-forgotten, lease-kept"),
            Flag.value("sweep", "COUNTS")
                .help("Instead of --hosts: swarms of these sizes, such as 10,100,1000"),
            Flag.value("chart", "FILE").help("Where the chart of a sweep goes, an SVG"),
            Flag.toggle("timeline")
                .help(
                    "Prints once a virtual second what of the links is used, and where the rest is"
                        + " lost"),
            Flag.toggle("verbose").help("Tells what goes wrong, and what the scheduler notes"));
  }

  /**
   * Runs it.
   *
   * @return the exit code: 1 when a rule was broken, 2 when the command line is wrong
   */
  public static int run(String... args) throws InterruptedException {
    return CommandLine.run("lab simulate", flags(), parsed -> simulate(parsed, args), args);
  }

  private static ExitCode simulate(ParsedFlags parsed, String... args)
      throws UsageException, IOException {
    long first = parsed.number("seed", 0, Long.MAX_VALUE / 2);
    long runs = parsed.number("runs", 1, 1_000_000);
    SimulateRuns all =
        new SimulateRuns(parsed.isOn("verbose"), parsed.isOn("timeline"), System.out);
    if (parsed.isGiven("sweep")) {
      sweep(parsed, all, first);
    } else {
      for (long seed = first; seed < first + runs; seed++) {
        run(parsed, all, options(parsed, seed), replay(args, seed));
      }
    }
    return all.sum() ? ExitCode.OK : ExitCode.FAILED;
  }

  private static void run(ParsedFlags parsed, SimulateRuns all, SimOptions options, String replay)
      throws UsageException {
    switch (parsed.string("model")) {
      case "fine", "coarse", "coarser" -> all.run(options, replay);
      case "all" -> all.compare(options, replay);
      default -> throw parsed.invalid("model", "expected fine, coarse, coarser or all");
    }
  }

  private static void sweep(ParsedFlags parsed, SimulateRuns all, long seed)
      throws UsageException, IOException {
    List<ScalingChart.Point> points = new ArrayList<>();
    for (String count : parsed.string("sweep").split(",", -1)) {
      int hosts = CommandLine.read(parsed, "sweep", _ -> Integer.valueOf(count.strip()));
      if (hosts < 1 || hosts > SimOptions.MOST_HOSTS) {
        throw parsed.invalid("sweep", "expected numbers from 1 to " + SimOptions.MOST_HOSTS);
      }
      SimOptions options = options(parsed, seed).withHosts(hosts);
      SimulateRuns.Run run =
          all.run(options, "./dragonfly lab simulate --hosts " + hosts + " --seed " + seed);
      points.add(
          new ScalingChart.Point(
              hosts,
              options.bounds().discrete() / run.outcome().percentile(0.5),
              options.bounds().fluid() / run.outcome().percentile(0.99),
              1000 * run.cpuSeconds() / hosts));
    }
    if (parsed.isGiven("chart")) {
      writeChart(Path.of(parsed.string("chart")), points);
    }
  }

  private static void writeChart(Path file, List<ScalingChart.Point> points) throws IOException {
    try {
      Files.writeString(file, new ScalingChart(points).svg());
    } catch (IOException e) {
      throw new IOException("the chart can't be written to " + file + ": " + FileProblem.of(e), e);
    }
  }

  /** The command line that gives this run alone. */
  private static String replay(String[] args, long seed) {
    StringBuilder line = new StringBuilder("./dragonfly lab simulate");
    for (int i = 0; i < args.length; i++) {
      String name = args[i].split("=", 2)[0];
      boolean replaced = Set.of("--seed", "--runs", "--only").contains(name);
      if (!replaced && !name.equals("--verbose")) {
        line.append(' ').append(args[i]);
      } else if (replaced && !args[i].contains("=")) {
        i++;
      }
    }
    return line.append(" --seed ").append(seed).toString();
  }

  private static SimOptions options(ParsedFlags parsed, long seed) throws UsageException {
    List<Integer> only = only(parsed);
    Plant plant = plant(parsed);
    if (parsed.isOn("random")) {
      return SimOptions.random(seed).withOnly(only).withPlant(plant);
    }
    double rate = rate(parsed, "rate");
    long size = CommandLine.read(parsed, "size", text -> ByteSize.parse(text).bytes());
    if (size < 1) {
      throw parsed.invalid("size", "expected at least 1 byte");
    }
    long pieceLength =
        parsed.isGiven("piece-size")
            ? CommandLine.read(parsed, "piece-size", text -> ByteSize.parse(text).bytes())
            : PieceLayout.automaticPieceLength(size);
    try {
      PieceLayout _ = new PieceLayout(size, pieceLength);
    } catch (IllegalArgumentException e) {
      throw parsed.invalid("piece-size", String.valueOf(e.getMessage()));
    }
    SimOptions options =
        new SimOptions(
            (int) parsed.number("hosts", 1, SimOptions.MOST_HOSTS),
            (int) parsed.number("seeds", 0, 1000),
            size,
            pieceLength,
            rate,
            parsed.isGiven("seed-rate") ? rate(parsed, "seed-rate") : rate,
            parsed.isGiven("origin-rate") ? rate(parsed, "origin-rate") : rate,
            parsed.isGiven("rack-rate") ? rate(parsed, "rack-rate") : Double.POSITIVE_INFINITY,
            (int) parsed.number("rack-size", 1, SimOptions.MOST_HOSTS),
            CommandLine.read(parsed, "stagger", Durations::parse).toNanos(),
            RoundTrip.read(parsed).toNanos(),
            parsed.isGiven("grain")
                ? CommandLine.read(parsed, "grain", Durations::parse).toNanos()
                : 0,
            0.02,
            (int) parsed.number("faults", 0, 10_000),
            kinds(parsed),
            only,
            plant,
            seed);
    return switch (parsed.string("model")) {
      case "coarse" -> options.coarse();
      case "coarser" -> options.coarser();
      default -> options;
    };
  }

  private static double rate(ParsedFlags parsed, String name) throws UsageException {
    return CommandLine.read(parsed, name, Rate::parse).bytesPerSecond();
  }

  private static Set<FaultKind> kinds(ParsedFlags parsed) throws UsageException {
    Set<FaultKind> kinds = EnumSet.noneOf(FaultKind.class);
    for (String name : parsed.string("kinds").split(",", -1)) {
      if (name.equals("all")) {
        kinds.addAll(EnumSet.allOf(FaultKind.class));
      } else {
        kinds.add(
            CommandLine.read(
                parsed, "kinds", _ -> FaultKind.valueOf(name.toUpperCase(Locale.ROOT))));
      }
    }
    return kinds;
  }

  private static List<Integer> only(ParsedFlags parsed) throws UsageException {
    if (!parsed.isGiven("only")) {
      return List.of();
    }
    List<Integer> numbers = new ArrayList<>();
    for (String number : parsed.string("only").split(",", -1)) {
      numbers.add(CommandLine.read(parsed, "only", _ -> Integer.valueOf(number)));
    }
    return numbers;
  }

  private static Plant plant(ParsedFlags parsed) throws UsageException {
    return CommandLine.read(
        parsed, "plant", text -> Plant.valueOf(text.toUpperCase(Locale.ROOT).replace('-', '_')));
  }
}
