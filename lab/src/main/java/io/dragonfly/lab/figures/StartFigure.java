package io.dragonfly.lab.figures;

import io.dragonfly.lab.process.Accounting;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** From the start of {@code standalone} to the end of its first download, each time on new data. */
final class StartFigure implements Figure {
  private static final double LIMIT = 2000;
  private static final Duration START = Duration.ofSeconds(60);

  @Override
  public void measure(Bench bench) throws IOException, InterruptedException {
    bench.content("small", 1000);
    Spread accepts = new Spread();
    Spread ends = new Spread();
    Spread work = new Spread();
    try (Nginx origin = bench.origin()) {
      for (int run = 1; run <= bench.runs(); run++) {
        measure(bench, origin, "standalone" + run, accepts, ends, work);
      }
    }
    bench.print("start: standalone accepts after ms: %s", accepts.text(0));
    bench.print("start: its first download ended after ms: %s", ends.text(0));
    bench.print("start: accepts, of the %.0f ms aimed at: %s", LIMIT, accepts.textOf(LIMIT));
    bench.print("start: CPU until then, ms: %s", work.text(0));
  }

  private static void measure(
      Bench bench, Nginx origin, String name, Spread accepts, Spread ends, Spread work)
      throws IOException, InterruptedException {
    Path data = bench.work().resolve(name);
    long begin = System.nanoTime();
    List<String> command = bench.command("dragonfly");
    command.addAll(List.of("standalone", "--data-dir", data.toString()));
    try (Program standalone = Program.start(bench.work().resolve(name + ".log"), command)) {
      Path socket = data.resolve("dfdaemon.sock");
      while (!Files.exists(socket)) {
        if (!standalone.isAlive()) {
          throw new IOException("standalone ended: " + standalone.output());
        }
        if (System.nanoTime() - begin > START.toNanos()) {
          throw new IOException("standalone does not serve: " + standalone.output());
        }
        Thread.sleep(5);
      }
      accepts.add((System.nanoTime() - begin) / 1e6);
      Tool.run(bench.dfget(socket, origin.url("small"), name + ".out"));
      ends.add((System.nanoTime() - begin) / 1e6);
      work.add(Accounting.cpuSeconds(standalone.pid()) * 1000);
      bench.print(
          "start: standalone accepts after %.0f ms, first download ended after %.0f ms,"
              + " %.0f ms of CPU",
          accepts.last(), ends.last(), work.last());
      standalone.stop();
    }
  }
}
