package io.dragonfly.lab.figures;

import io.dragonfly.lab.process.Accounting;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Ten thousand contents of 4 KB from a daemon that has them to one that has none, asked for over
 * the child's socket by several callers at once; each run has a new child, which first gets warm
 * with other contents.
 */
final class TinyFigure implements Figure {
  private static final int TASKS = 10_000;
  private static final int WARM = 30_000;
  private static final int BYTES = 4096;
  private static final int CALLERS = 16;
  private static final double RATE_AIM = 2000;
  private static final double TAIL_LIMIT = 20;

  @Override
  public void measure(Bench bench) throws IOException, InterruptedException {
    for (int i = 0; i < WARM; i++) {
      bench.content("w" + i, BYTES);
    }
    for (int i = 0; i < TASKS; i++) {
      bench.content("t" + i, BYTES);
    }
    Spread rates = new Spread();
    Spread tails = new Spread();
    try (Nginx origin = bench.origin();
        ProcessCluster cluster = bench.cluster("tiny")) {
      List<String> warm = urls(origin, "w", WARM);
      List<String> tasks = urls(origin, "t", TASKS);
      Program scheduler = cluster.startScheduler();
      Program parent = cluster.startSeed("parent");
      LocalCalls.millis(cluster.socket("parent"), warm, CALLERS);
      LocalCalls.millis(cluster.socket("parent"), tasks, CALLERS);
      for (int run = 1; run <= bench.runs(); run++) {
        String name = "child" + run;
        Program child = cluster.startPeer(name);
        LocalCalls.millis(cluster.socket(name), warm, CALLERS);
        List<Program> programs = List.of(child, parent, scheduler);
        long read = origin.bytesSent();
        List<Double> before = cpu(programs);
        long start = System.nanoTime();
        Spread times = LocalCalls.millis(cluster.socket(name), tasks, CALLERS);
        double seconds = (System.nanoTime() - start) / 1e9;
        List<Double> after = cpu(programs);
        child.kill();
        if (origin.bytesSent() != read) {
          throw new IOException("the origin was read again");
        }
        rates.add(TASKS / seconds);
        tails.add(times.at(0.99));
        bench.print(
            "tiny: %d contents of %d bytes by %d callers: %.0f per second, p50 %.2f ms, p99 %.2f"
                + " ms; CPU-ms for each: child %.2f, parent %.2f, scheduler %.2f",
            TASKS,
            BYTES,
            CALLERS,
            rates.last(),
            times.median(),
            tails.last(),
            each(before, after, 0),
            each(before, after, 1),
            each(before, after, 2));
      }
    }
    bench.print("tiny: per second: %s", rates.text(0));
    bench.print("tiny: of the %.0f aimed at: %s", RATE_AIM, rates.textOf(RATE_AIM));
    bench.print("tiny: p99, ms: %s", tails.text(2));
    bench.print("tiny: of the %.0f ms aimed at: %s", TAIL_LIMIT, tails.textOf(TAIL_LIMIT));
  }

  private static List<String> urls(Nginx origin, String prefix, int count) {
    return IntStream.range(0, count).mapToObj(i -> origin.url(prefix + i)).toList();
  }

  private static List<Double> cpu(List<Program> programs) throws IOException {
    List<Double> seconds = new ArrayList<>();
    for (Program program : programs) {
      seconds.add(Accounting.cpuSeconds(program.pid()));
    }
    return seconds;
  }

  private static double each(List<Double> before, List<Double> after, int program) {
    return (after.get(program) - before.get(program)) * 1000 / TASKS;
  }
}
