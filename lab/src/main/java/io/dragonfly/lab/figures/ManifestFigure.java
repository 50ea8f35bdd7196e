package io.dragonfly.lab.figures;

import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * A manifest of 4 KB over 64 connections: requests per second and the slowest hundredth, through
 * the daemon's registry mirror and through a squid. By digest both answer from their cache, by tag
 * both ask the origin each time, of which squid gets a 304. They take turns, and nginx, which is
 * the origin, is measured as well.
 */
final class ManifestFigure implements Figure {
  private static final int LENGTH = 4000;
  private static final Duration TIME = Duration.ofSeconds(5);

  /** A daemon that runs for months has its code compiled: the first 20 s are many times slower. */
  private static final Duration WARM_UP = Duration.ofSeconds(20);

  @Override
  public List<Tool> tools() {
    return List.of(Tool.WRK, Tool.SQUID);
  }

  @Override
  public void measure(Bench bench) throws IOException, InterruptedException {
    Wrk wrk = Wrk.in(bench.work());
    LabContent content = new LabContent("manifest".hashCode(), LENGTH);
    try (MirrorBench mirror = new MirrorBench(bench)) {
      String digest = mirror.files().manifest(content);
      mirror.fill(digest);
      measure(bench, wrk, mirror, "by digest", digest);
      measure(bench, wrk, mirror, "by tag", mirror.files().manifest(content, "latest"));
    }
  }

  private static void measure(Bench bench, Wrk wrk, MirrorBench mirror, String how, String path)
      throws IOException, InterruptedException {
    Spread rates = new Spread();
    Spread slowest = new Spread();
    Wrk.Load _ = wrk.run(mirror.ours(path), WARM_UP);
    Wrk.Load _ = wrk.run(mirror.squid(path), TIME);
    for (int run = 1; run <= bench.runs(); run++) {
      Wrk.Load ours = wrk.run(mirror.ours(path), TIME);
      Wrk.Load squid = wrk.run(mirror.squid(path), TIME);
      Wrk.Load nginx = wrk.run(mirror.nginx(path), TIME);
      rates.add(ours.requestsPerSecond() / squid.requestsPerSecond());
      slowest.add(ours.p99Millis() / squid.p99Millis());
      bench.print(
          "manifest %s: ours %s; squid %s; nginx %s; ratio to squid %.2f",
          how, text(ours), text(squid), text(nginx), rates.last());
    }
    bench.print("manifest %s: ratio of requests/s to squid's: %s", how, rates.text(2));
    bench.print("manifest %s: ratio of p99 to squid's: %s", how, slowest.text(2));
  }

  private static String text(Wrk.Load load) {
    return "%.0f/s, p50 %.1f ms, p99 %.1f ms"
        .formatted(load.requestsPerSecond(), load.p50Millis(), load.p99Millis());
  }
}
