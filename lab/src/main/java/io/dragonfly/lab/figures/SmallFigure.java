package io.dragonfly.lab.figures;

import io.dragonfly.lab.process.Cost;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import java.io.IOException;

/**
 * A content of 1 KB from a warm daemon: the whole dfget process, and what the daemon's answer takes
 * over its socket.
 */
final class SmallFigure implements Figure {
  private static final int PROCESSES = 21;
  private static final int CALLS = 300;
  private static final double PROCESS_LIMIT = 150;
  private static final double ANSWER_LIMIT = 5;

  @Override
  public void measure(Bench bench) throws IOException, InterruptedException {
    bench.content("small", 1000);
    Spread times = new Spread();
    Spread work = new Spread();
    Spread medians = new Spread();
    Spread tails = new Spread();
    try (Nginx origin = bench.origin();
        ProcessCluster cluster = bench.cluster("small")) {
      cluster.startScheduler();
      cluster.startPeer("a");
      bench.getCopy(cluster, "a", origin.url("small"), "first");
      LocalCalls.millis(cluster.socket("a"), origin.url("small"), CALLS);
      for (int run = 1; run <= bench.runs(); run++) {
        Spread processes = new Spread();
        Spread cpu = new Spread();
        for (int i = 0; i < PROCESSES; i++) {
          String name = "s" + run + "." + i;
          Cost cost = Cost.of(bench.dfget(cluster.socket("a"), origin.url("small"), name));
          processes.add(cost.millis());
          cpu.add(cost.cpuSeconds() * 1000);
        }
        Spread answers = LocalCalls.millis(cluster.socket("a"), origin.url("small"), CALLS);
        times.add(processes.median());
        work.add(cpu.median());
        medians.add(answers.median());
        tails.add(answers.at(0.99));
        bench.print(
            "small: dfget of 1 KB p50 %.0f ms, %.0f ms of CPU (%d processes);"
                + " the daemon's answer p50 %.2f ms, p99 %.2f ms (%d calls)",
            processes.median(), cpu.median(), PROCESSES, medians.last(), tails.last(), CALLS);
      }
    }
    bench.print("small: dfget, p50 of each run, ms: %s", times.text(0));
    bench.print("small: of the %.0f ms aimed at: %s", PROCESS_LIMIT, times.textOf(PROCESS_LIMIT));
    bench.print("small: CPU of a dfget, p50 of each run, ms: %s", work.text(0));
    bench.print("small: the daemon's answer, p50 of each run, ms: %s", medians.text(2));
    bench.print("small: of the %.0f ms aimed at: %s", ANSWER_LIMIT, medians.textOf(ANSWER_LIMIT));
    bench.print("small: the daemon's answer, p99 of each run, ms: %s", tails.text(2));
  }
}
