package io.dragonfly.lab.figures;

import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * A blob of 64 MiB that the daemon has, through its registry mirror, beside nginx (sendfile) that
 * serves the same file: bytes per second over 64 connections, and CPU-seconds per GB of the server.
 * The two take turns.
 */
final class BlobFigure implements Figure {
  private static final long LENGTH = 64L << 20;
  private static final Duration TIME = Duration.ofSeconds(8);
  private static final double LEAST = 0.8;

  private interface Meter {
    double cpuSeconds() throws IOException;
  }

  private record Served(double gigabytesPerSecond, double cpuPerGigabyte) {}

  @Override
  public List<Tool> tools() {
    return List.of(Tool.WRK, Tool.SQUID);
  }

  @Override
  public void measure(Bench bench) throws IOException, InterruptedException {
    Spread rates = new Spread();
    Spread work = new Spread();
    Wrk wrk = Wrk.in(bench.work());
    try (MirrorBench mirror = new MirrorBench(bench)) {
      String path = mirror.files().blob(new LabContent("blob".hashCode(), LENGTH));
      mirror.fill(path);
      for (int run = 0; run <= bench.runs(); run++) {
        Served ours = serve(wrk, mirror.ours(path), mirror::ourCpuSeconds);
        Served nginx = serve(wrk, mirror.nginx(path), mirror::nginxCpuSeconds);
        if (run == 0) {
          continue; // compilers had work
        }
        rates.add(ours.gigabytesPerSecond / nginx.gigabytesPerSecond);
        work.add(ours.cpuPerGigabyte / nginx.cpuPerGigabyte);
        bench.print(
            "blob: ours %.2f GB/s, %.2f CPU-s/GB; nginx %.2f GB/s, %.2f CPU-s/GB; ratio %.2f",
            ours.gigabytesPerSecond,
            ours.cpuPerGigabyte,
            nginx.gigabytesPerSecond,
            nginx.cpuPerGigabyte,
            rates.last());
      }
    }
    bench.print("blob: ratio of rates (at least %.1f): %s", LEAST, rates.text(2));
    bench.print("blob: ratio of CPU of the servers: %s", work.text(2));
  }

  private static Served serve(Wrk wrk, String url, Meter meter)
      throws IOException, InterruptedException {
    double before = meter.cpuSeconds();
    Wrk.Load load = wrk.run(url, TIME);
    double rate = load.bytesPerSecond() / 1e9;
    return new Served(rate, (meter.cpuSeconds() - before) / (rate * TIME.toSeconds()));
  }
}
