package io.dragonfly.lab.process;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What running a command took.
 *
 * @param millis wall clock
 * @param cpuSeconds user and system, of the command and the children that it waited for
 */
public record Cost(double millis, double cpuSeconds) {
  /** A shell accounts for its children more finely than the ticks of /proc. */
  private static final String SCRIPT = "\"$@\" >/dev/null || exit; times";

  private static final Pattern TIME = Pattern.compile("(\\d+)m([\\d.]+)s");

  /** Runs a command to its end; fails when it does, with what it wrote to its standard error. */
  public static Cost of(List<String> command) throws IOException, InterruptedException {
    List<String> accounted = new ArrayList<>(List.of(Tool.BASH.path(), "-c", SCRIPT, "bash"));
    accounted.addAll(command);
    long start = System.nanoTime();
    String output = Tool.run(accounted);
    double millis = (System.nanoTime() - start) / 1e6;
    // The last line is that of the children.
    Matcher matcher = TIME.matcher(output.strip().lines().toList().getLast());
    double sum = 0;
    while (matcher.find()) {
      sum += 60 * Double.parseDouble(matcher.group(1)) + Double.parseDouble(matcher.group(2));
    }
    return new Cost(millis, sum);
  }
}
