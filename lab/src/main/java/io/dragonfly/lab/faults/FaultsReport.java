package io.dragonfly.lab.faults;

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

/** The table that a person reads, and the JSON that a program reads. */
final class FaultsReport {
  private static final double MIB = 1 << 20;

  private final FaultOptions options;
  private final PrintStream out;
  private final List<Verdict> verdicts = new ArrayList<>();

  FaultsReport(FaultOptions options, PrintStream out) {
    this.options = options;
    this.out = out;
  }

  void printHead() {
    out.printf(
        Locale.ROOT,
        "%d peers, a seed and a scheduler, all links at %s, %.1f MiB%n%n"
            + "%-18s %8s %8s %13s %9s   %s%n",
        options.peers(),
        options.rate(),
        options.size() / MIB,
        "case",
        "time",
        "limit",
        "origin/size",
        "allowed",
        "verdict");
  }

  void add(Verdict verdict) {
    verdicts.add(verdict);
    out.printf(
        Locale.ROOT,
        "%-18s %6.1f s %6d s %13.3f %9.3f   %s%n",
        verdict.name(),
        verdict.seconds(),
        verdict.limitSeconds(),
        ratio(verdict.originBytes()),
        ratio(verdict.allowedBytes()),
        verdict.holds() ? "holds" : "FAILS");
    verdict.flaws().forEach(flaw -> out.println("    " + flaw));
  }

  private double ratio(long bytes) {
    return (double) bytes / options.size();
  }

  boolean allHold() {
    return verdicts.stream().allMatch(Verdict::holds);
  }

  /** Writes faults.json, and says where. */
  void write() throws IOException {
    Path file = Files.createDirectories(options.report()).resolve("faults.json");
    JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("peers", options.peers());
    json.put("rateBitsPerSecond", options.rate().bitsPerSecond());
    json.put("roundTripMillis", options.roundTrip().toMillis());
    json.put("sizeBytes", options.size());
    json.put("cases", verdicts);
    mapper.writeValue(file.toFile(), json);
    out.println();
    out.println("Written: " + file);
  }
}
