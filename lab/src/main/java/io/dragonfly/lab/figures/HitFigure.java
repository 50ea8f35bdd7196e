package io.dragonfly.lab.figures;

import io.dragonfly.lab.process.Accounting;
import io.dragonfly.lab.process.Cost;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;

/** A content of 1 GiB that the daemon has, to a new file, beside {@code cp}; they take turns. */
final class HitFigure implements Figure {
  private static final long GIG = 1L << 30;
  private static final long MEMORY = 4 * GIG;

  @Override
  public void measure(Bench bench) throws IOException, InterruptedException {
    bench.content("gig", GIG);
    Spread times = new Spread();
    Spread work = new Spread();
    try (Nginx origin = bench.origin();
        ProcessCluster cluster = bench.cluster("hit")) {
      cluster.startScheduler();
      Program daemon = cluster.startPeer("a");
      List<String> command = bench.dfget(cluster.socket("a"), origin.url("gig"), "out");
      List<String> copy =
          List.of(
              Tool.CP.path(),
              bench.files().resolve("gig").toString(),
              bench.work().resolve("cp").toString());
      for (int run = 0; run <= bench.runs(); run++) {
        BackedMemory.prepare(MEMORY);
        double before = Accounting.cpuSeconds(daemon.pid());
        Cost ours = Cost.of(command);
        double cpu = ours.cpuSeconds() + Accounting.cpuSeconds(daemon.pid()) - before;
        BackedMemory.prepare(MEMORY);
        Cost theirs = Cost.of(copy);
        delete(bench, "out", "cp");
        if (run == 0) {
          continue; // The download itself, and a warm-up of cp.
        }
        times.add(ours.millis() / theirs.millis());
        work.add(cpu / theirs.cpuSeconds());
        bench.print(
            "hit: dfget of 1 GiB %.0f ms, %.2f CPU-s with the daemon's; cp %.0f ms, %.2f CPU-s",
            ours.millis(), cpu, theirs.millis(), theirs.cpuSeconds());
      }
    }
    bench.print("hit: ratio of times: %s", times.text(2));
    bench.print("hit: ratio of CPU: %s", work.text(2));
  }

  private static void delete(Bench bench, String... names) throws IOException {
    for (String name : names) {
      Files.delete(bench.work().resolve(name));
    }
  }
}
