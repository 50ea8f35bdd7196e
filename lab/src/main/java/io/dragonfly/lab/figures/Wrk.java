package io.dragonfly.lab.figures;

import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * wrk: as many requests as so many connections bring, each after the answer to the one before.
 *
 * @param script a file that has it print its sums as numbers
 */
record Wrk(Path script) {
  static final int CONNECTIONS = 64;
  private static final int THREADS = 2;

  private static final String SCRIPT =
      """
      done = function(summary, latency, requests)
        local e = summary.errors
        print(string.format("sums %d %d %d %d %d %d", summary.requests, summary.bytes,
          summary.duration, latency:percentile(50), latency:percentile(99),
          e.connect + e.read + e.write + e.status + e.timeout))
      end
      """;

  private static final Pattern SUMS =
      Pattern.compile("sums (\\d+) (\\d+) (\\d+) (\\d+) (\\d+) (\\d+)");

  /**
   * What it did.
   *
   * @param requestsPerSecond those answered whole
   * @param bytesPerSecond all that came, heads and answers that were not whole at the end included
   */
  record Load(
      double requestsPerSecond, double bytesPerSecond, double p50Millis, double p99Millis) {}

  /** Has the script written into a directory. */
  static Wrk in(Path directory) throws IOException {
    Path script = directory.resolve("sums.lua");
    Files.writeString(script, SCRIPT);
    return new Wrk(script);
  }

  /** Asks for a URL for so long; fails when any request does. */
  Load run(String url, Duration duration) throws IOException, InterruptedException {
    String output =
        Tool.run(
            List.of(
                Tool.WRK.path(),
                "-t",
                Integer.toString(THREADS),
                "-c",
                Integer.toString(CONNECTIONS),
                "-d",
                duration.toSeconds() + "s",
                "--timeout",
                "60s",
                "-s",
                script.toString(),
                url));
    return load(output);
  }

  /** Reads what the script printed. */
  static Load load(String output) throws IOException {
    Matcher sums = SUMS.matcher(output);
    if (!sums.find()) {
      throw new IOException("wrk printed no sums: " + output);
    }
    if (!sums.group(6).equals("0")) {
      throw new IOException("requests of wrk failed: " + output);
    }
    double seconds = Double.parseDouble(sums.group(3)) / 1e6;
    return new Load(
        Double.parseDouble(sums.group(1)) / seconds,
        Double.parseDouble(sums.group(2)) / seconds,
        Double.parseDouble(sums.group(4)) / 1e3,
        Double.parseDouble(sums.group(5)) / 1e3);
  }
}
