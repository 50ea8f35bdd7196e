package io.dragonfly.lab.figures;

import io.dragonfly.lab.process.Accounting;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.time.Duration;

/**
 * A daemon that starts with 10 000 finished tasks of 100 MB, 1 TB together: how much longer it
 * takes until it serves than one with an empty store, and when its scheduler knows of all of them,
 * and when a scheduler does that is started anew. Resident memory (megabytes of 10^6 bytes, VmRSS,
 * shared mappings included) is that of the daemon when it has read and told all of them, and 60 s
 * later. The metadata is real, the contents are sparse files.
 */
final class RestartFigure implements Figure {
  private static final int TASKS = 10_000;
  private static final long LENGTH = 100_000_000;
  private static final Duration REST = Duration.ofSeconds(60);
  private static final Duration TOLD_WITHIN = Duration.ofMinutes(10);
  private static final String TOLD = "event=holdings_announced";
  private static final double LIMIT = 2000;
  private static final double MEMORY_LIMIT = 200;

  @Override
  public void measure(Bench bench) throws IOException, InterruptedException {
    bench.content("large", LENGTH);
    Spread starts = new Spread();
    Spread memory = new Spread();
    try (Nginx origin = bench.origin();
        ProcessCluster cluster = bench.cluster("restart")) {
      cluster.startScheduler();
      cluster.startPeer("a");
      bench.get(cluster, "a", origin.url("large"), "restart/out");
      cluster.program("a").stop();
      ManyTasks.multiply(cluster.storage("a"), TASKS);
      for (int run = 1; run <= bench.runs(); run++) {
        measure(bench, cluster, run, starts, memory);
      }
    }
    bench.print("restart: %d tasks more, ms until it serves: %s", TASKS, starts.text(0));
    bench.print("restart: of the %.0f ms aimed at: %s", LIMIT, starts.textOf(LIMIT));
    bench.print("restart: MB with %d tasks: %s", TASKS, memory.text(0));
    bench.print("restart: of the %.0f MB aimed at: %s", MEMORY_LIMIT, memory.textOf(MEMORY_LIMIT));
  }

  private static void measure(
      Bench bench, ProcessCluster cluster, int run, Spread starts, Spread memory)
      throws IOException, InterruptedException {
    double empty = millisOfStart(cluster, "empty" + run);
    cluster.program("empty" + run).stop();
    double full = millisOfStart(cluster, "a");
    starts.add(Math.max(0, full - empty));
    Program daemon = cluster.program("a");
    double told = secondsUntilTold(daemon, 2 * run - 1);
    double atWork = Accounting.residentBytes(daemon.pid()) / 1e6;
    Thread.sleep(REST);
    memory.add(Accounting.residentBytes(daemon.pid()) / 1e6);
    cluster.program(ProcessCluster.SCHEDULER).stop();
    cluster.startScheduler();
    double toldAgain = secondsUntilTold(daemon, 2 * run);
    bench.print(
        "restart: serves after %.0f ms, an empty one after %.0f ms; the scheduler knows all %.1f s"
            + " later, a restarted one %.1f s after its start; %.0f MB then, %.0f MB %d s later",
        full, empty, told, toldAgain, atWork, memory.last(), REST.toSeconds());
    daemon.stop();
  }

  /** Until the daemon has told all for so many times; its output is that of all its runs. */
  private static double secondsUntilTold(Program daemon, int times)
      throws IOException, InterruptedException {
    long began = System.nanoTime();
    while (daemon.output().split(TOLD, -1).length <= times) {
      if (System.nanoTime() - began > TOLD_WITHIN.toNanos()) {
        throw new IOException("the daemon does not tell what it holds: " + daemon.output());
      }
      Thread.sleep(100);
    }
    return (System.nanoTime() - began) / 1e9;
  }

  private static double millisOfStart(ProcessCluster cluster, String name)
      throws IOException, InterruptedException {
    long begin = System.nanoTime();
    cluster.startPeer(name);
    return (System.nanoTime() - begin) / 1e6;
  }
}
