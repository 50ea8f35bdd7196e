package io.dragonfly.lab.swarm;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** The table that a person reads, the JSON that a program reads, and the charts. */
final class SwarmReport {
  private static final double MIB = 1 << 20;
  private static final double GB = 1e9;

  private final SwarmOptions options;
  private final Bounds bounds;
  private final List<Outcome> outcomes = new ArrayList<>();

  SwarmReport(SwarmOptions options, Bounds bounds) {
    this.options = options;
    this.bounds = bounds;
  }

  void printHead(PrintStream out) {
    out.printf(
        Locale.ROOT,
        "%d peers at %s, seed at %s, origin at %s%s, %.1f MiB%n"
            + "one TCP stream: u = %.2f MB/s (%.2f of the nominal rate)%n"
            + "T* = %.2f s, limited by %s; discrete bound with %d units = %.2f s%n%n",
        options.peers(),
        options.rate(),
        options.seedRate(),
        options.originRate(),
        options.roundTrip().isZero()
            ? ""
            : ", " + options.roundTrip().toMillis() + " ms from host to host and back",
        options.size() / MIB,
        bounds.goodput() / 1e6,
        bounds.goodput() / options.rate().bytesPerSecond(),
        bounds.fluid(),
        bounds.term(),
        bounds.units(),
        bounds.discrete());
    out.println(
        "              p50      p99      max   discrete/p50   T*/p99   origin/size   CPU-s/GB   peak RSS");
  }

  void add(Outcome outcome, PrintStream out) {
    outcomes.add(outcome);
    out.printf(
        Locale.ROOT,
        "%-10s %6.2f s %6.2f s %6.2f s %14.3f %8.3f %13s %10.2f %7.0f MB%n",
        outcome.contender(),
        outcome.seconds(50),
        outcome.seconds(99),
        outcome.seconds(100),
        bounds.discrete() / outcome.seconds(50),
        bounds.fluid() / outcome.seconds(99),
        outcome.originBytes() < 0 ? "-" : String.format(Locale.ROOT, "%.3f", originRatio(outcome)),
        cpuPerGb(outcome),
        outcome.peakResidentBytes() / 1e6);
  }

  private double originRatio(Outcome outcome) {
    return (double) outcome.originBytes() / options.size();
  }

  /** Per GB that arrived at peers, all programs together. */
  private double cpuPerGb(Outcome outcome) {
    return outcome.cpuSeconds() / (options.size() * (double) options.peers() / GB);
  }

  /** Writes swarm.json, and a chart for each contender. */
  void write() throws IOException {
    Path directory = Files.createDirectories(options.report());
    for (Outcome outcome : outcomes) {
      Files.writeString(
          directory.resolve("swarm-" + outcome.contender() + ".svg"),
          new ProgressChart(outcome, bounds).svg());
    }
    JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    mapper.writeValue(directory.resolve("swarm.json").toFile(), json());
  }

  private Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("peers", options.peers());
    json.put("rateBitsPerSecond", options.rate().bitsPerSecond());
    json.put("seedRateBitsPerSecond", options.seedRate().bitsPerSecond());
    json.put("originRateBitsPerSecond", options.originRate().bitsPerSecond());
    json.put("roundTripMillis", options.roundTrip().toMillis());
    json.put("sizeBytes", options.size());
    json.put("layers", options.layers());
    json.put("staggerMillis", options.stagger().toMillis());
    json.put("goodputBytesPerSecond", bounds.goodput());
    json.put("fluidBoundSeconds", bounds.fluid());
    json.put("fluidBoundTerm", bounds.term());
    json.put("discreteBoundSeconds", bounds.discrete());
    json.put("units", bounds.units());
    List<Map<String, Object>> rows = new ArrayList<>();
    for (Outcome outcome : outcomes) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("contender", outcome.contender());
      row.put("p50Seconds", outcome.seconds(50));
      row.put("p99Seconds", outcome.seconds(99));
      row.put("maxSeconds", outcome.seconds(100));
      row.put("discreteBoundToP50", bounds.discrete() / outcome.seconds(50));
      row.put("fluidBoundToP99", bounds.fluid() / outcome.seconds(99));
      if (outcome.originBytes() >= 0) {
        row.put("originBytes", outcome.originBytes());
        row.put("originRatio", originRatio(outcome));
      }
      row.put("cpuSeconds", outcome.cpuSeconds());
      row.put("cpuSecondsPerGigabyte", cpuPerGb(outcome));
      row.put("peakResidentBytes", outcome.peakResidentBytes());
      row.put("downloads", outcome.peers());
      rows.add(row);
    }
    json.put("contenders", rows);
    return json;
  }
}
