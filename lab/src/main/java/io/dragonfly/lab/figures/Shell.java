package io.dragonfly.lab.figures;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Commands run by a shell, with the shell's own accounting of them. */
final class Shell {
  private static final Pattern TIME = Pattern.compile("(\\d+)m([\\d.]+)s");

  private Shell() {}

  /** Runs a command and returns what it printed; fails when it does. */
  static String run(String command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder("bash", "-c", command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(command + " failed: " + output);
    }
    return output;
  }

  /** User and system seconds that a command took. */
  static double childCpuSeconds(String command) throws IOException, InterruptedException {
    List<String> lines = run("{ " + command + "; } >/dev/null || exit 1; times").lines().toList();
    Matcher matcher = TIME.matcher(lines.getLast());
    double sum = 0;
    while (matcher.find()) {
      sum += 60 * Double.parseDouble(matcher.group(1)) + Double.parseDouble(matcher.group(2));
    }
    return sum;
  }

  /** Wall-clock milliseconds of a command. */
  static double millis(String command) throws IOException, InterruptedException {
    long start = System.nanoTime();
    run(command);
    return (System.nanoTime() - start) / 1e6;
  }
}
