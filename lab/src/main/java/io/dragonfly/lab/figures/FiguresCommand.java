package io.dragonfly.lab.figures;

import io.dragonfly.cli.ExitCode;
import io.dragonfly.common.file.Directories;
import io.dragonfly.common.flag.Flag;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.telemetry.LogOptions;
import io.dragonfly.common.telemetry.LogOptions.LogLevel;
import io.dragonfly.common.telemetry.Logging;
import io.dragonfly.lab.process.CommandLine;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.process.Workplace;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** {@code lab figures}: measures what {@code docs/performance.md} tells. */
public final class FiguresCommand {
  private static final int MOST_RUNS = 100;

  /** Most of it is for the contents of several GiB that a transfer is measured with. */
  private static final long ROOM = 20L << 30;

  private FiguresCommand() {}

  /** By name, in the order in which they are measured. */
  private static Map<String, Figure> all() {
    Map<String, Figure> figures = new LinkedHashMap<>();
    figures.put("origin", new OriginFigure());
    figures.put("start", new StartFigure());
    figures.put("small", new SmallFigure());
    figures.put("hit", new HitFigure());
    figures.put("tiny", new TinyFigure());
    figures.put("transfer", new TransferFigure());
    figures.put("crowd", new CrowdFigure());
    figures.put("memory", new MemoryFigure());
    figures.put("restart", new RestartFigure());
    figures.put("limits", new LimitsFigure());
    figures.put("blob", new BlobFigure());
    figures.put("manifest", new ManifestFigure());
    figures.put("connections", new ConnectionsFigure());
    return figures;
  }

  private static Flags flags() {
    return new Flags(
            "dragonfly lab figures",
            "Measures our programs on this machine as ratios against another program or a limit,"
                + " each several times. Needs nginx and curl, for some wrk and squid, Linux, and some"
                + " 20 GB for its files.")
        .group(
            "Options",
            Flag.value("only", "NAMES")
                .defaultsTo(String.join(",", all().keySet()))
                .help("Which figures"),
            Flag.value("runs", "COUNT").defaultsTo("5").help("How often each is measured"),
            Flag.value("work", "DIR")
                .defaultsTo(System.getProperty("java.io.tmpdir"))
                .help("Where all files go meanwhile"));
  }

  /**
   * Runs it.
   *
   * @param distribution the unpacked distribution whose programs are measured
   * @return the exit code: 1 when something failed, 2 when the command line is wrong
   */
  public static int run(Path distribution, String... args) throws InterruptedException {
    return CommandLine.run("lab figures", flags(), parsed -> run(distribution, parsed), args);
  }

  private static ExitCode run(Path distribution, ParsedFlags parsed)
      throws UsageException, IOException, StartException, InterruptedException {
    Map<String, Figure> chosen = chosen(parsed);
    int runs = (int) parsed.number("runs", 1, MOST_RUNS);
    Stream<Tool> usual = Stream.of(Tool.NGINX, Tool.CURL, Tool.BASH, Tool.CP);
    Stream<Tool> more = chosen.values().stream().flatMap(figure -> figure.tools().stream());
    Tool.require(Stream.concat(usual, more).distinct().toArray(Tool[]::new));
    // The stand-in for upstream's scheduler runs here; what it has to say is not of interest.
    try (Workplace work = Workplace.open(Path.of(parsed.string("work")), ROOM);
        Logging _ = Logging.configure("lab", LogOptions.console(LogLevel.WARN))) {
      Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> clean(work)));
      for (Map.Entry<String, Figure> figure : chosen.entrySet()) {
        measure(figure.getKey(), figure.getValue(), distribution, work.directory(), runs);
      }
    }
    return ExitCode.OK;
  }

  private static Map<String, Figure> chosen(ParsedFlags parsed) throws UsageException {
    Map<String, Figure> chosen = all();
    List<String> names = List.of(parsed.string("only").split(",", -1));
    if (!chosen.keySet().containsAll(names)) {
      throw parsed.invalid("only", "expected names out of " + String.join(",", chosen.keySet()));
    }
    chosen.keySet().retainAll(names);
    return chosen;
  }

  private static void measure(String name, Figure figure, Path distribution, Path work, int runs)
      throws IOException, InterruptedException {
    PrintStream out = System.out;
    // Whoever reads the figures has to know what else the processors did.
    out.printf(
        Locale.ROOT,
        "%s: the load is %.1f on %d processors%n",
        name,
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
        Runtime.getRuntime().availableProcessors());
    Path own = Files.createDirectory(work.resolve("f"));
    try {
      figure.measure(new Bench(distribution, own, runs, out));
    } finally {
      Directories.delete(own);
    }
  }

  /** After Ctrl-C: no program goes on, and nothing is left behind. */
  private static void clean(Workplace work) {
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
    work.close();
  }
}
