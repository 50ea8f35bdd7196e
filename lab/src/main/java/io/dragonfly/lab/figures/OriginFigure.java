package io.dragonfly.lab.figures;

import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What ten peers that download at once take from the origin, as a part of the content, and in how
 * many requests; both are counted by the origin of {@code dragonfly demo}, which also compares the
 * contents.
 */
final class OriginFigure implements Figure {
  private static final double LIMIT = 1.01;
  private static final Pattern VERDICT =
      Pattern.compile("The origin sent .+ in (\\d+) requests?, ([\\d.]+) times the content");

  private record Setting(String name, List<String> options) {}

  private static final List<Setting> SETTINGS =
      List.of(
          new Setting("4 KB", List.of("--size", "4000")),
          new Setting("3 MiB", List.of("--size", "3MiB")),
          new Setting("256 MiB", List.of("--size", "256MiB")),
          new Setting("256 MiB without ranges", List.of("--size", "256MiB", "--no-range")),
          new Setting("256 MiB, seed 3 s late", List.of("--size", "256MiB", "--seed-delay", "3s")));

  @Override
  public void measure(Bench bench) throws IOException, InterruptedException {
    for (Setting setting : SETTINGS) {
      Spread ratios = new Spread();
      Spread requests = new Spread();
      for (int run = 1; run <= bench.runs(); run++) {
        Matcher verdict = demo(bench, setting);
        requests.add(Double.parseDouble(verdict.group(1)));
        ratios.add(Double.parseDouble(verdict.group(2)));
        bench.print(
            "origin: %s: %.2f times the content in %.0f requests",
            setting.name, ratios.last(), requests.last());
      }
      bench.print("origin: %s: ratio (at most %.2f): %s", setting.name, LIMIT, ratios.text(2));
      bench.print("origin: %s: requests: %s", setting.name, requests.text(0));
    }
  }

  private static Matcher demo(Bench bench, Setting setting)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("env", "TMPDIR=" + bench.work()));
    command.addAll(bench.command("dragonfly"));
    command.addAll(List.of("demo", "--peers", "10", "--no-progress"));
    command.addAll(setting.options);
    return verdict(Tool.run(command));
  }

  /** Finds what the demo says at its end: requests and ratio. */
  static Matcher verdict(String output) throws IOException {
    Matcher verdict = VERDICT.matcher(output);
    if (!verdict.find()) {
      throw new IOException("the demo says nothing of its origin: " + output);
    }
    return verdict;
  }
}
