package io.dragonfly.lab.figures;

import io.dragonfly.common.file.Directories;
import io.dragonfly.lab.process.Accounting;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.time.Duration;

/**
 * Resident memory (megabytes of 10^6 bytes, VmRSS, shared mappings included) of a seed and a peer
 * after 60 s of rest that follow a download of 1 GiB. Each run has processes of its own.
 */
final class MemoryFigure implements Figure {
  private static final Duration REST = Duration.ofSeconds(60);
  private static final double LIMIT = 150;

  @Override
  public void measure(Bench bench) throws IOException, InterruptedException {
    bench.content("gig", 1L << 30);
    Spread seeds = new Spread();
    Spread peers = new Spread();
    try (Nginx origin = bench.origin()) {
      for (int run = 1; run <= bench.runs(); run++) {
        measure(bench, origin, "memory" + run, seeds, peers);
      }
    }
    bench.print("memory: seed, MB: %s", seeds.text(0));
    bench.print("memory: peer, MB: %s", peers.text(0));
    bench.print("memory: seed, of the %.0f MB aimed at: %s", LIMIT, seeds.textOf(LIMIT));
    bench.print("memory: peer, of the %.0f MB aimed at: %s", LIMIT, peers.textOf(LIMIT));
  }

  private static void measure(Bench bench, Nginx origin, String name, Spread seeds, Spread peers)
      throws IOException, InterruptedException {
    try (ProcessCluster cluster = bench.cluster(name)) {
      cluster.startScheduler();
      Program seed = cluster.startSeed("seed");
      Program peer = cluster.startPeer("a");
      bench.get(cluster, "a", origin.url("gig"), name + "/out");
      double seedAtWork = megabytes(seed.pid());
      double peerAtWork = megabytes(peer.pid());
      Thread.sleep(REST);
      seeds.add(megabytes(seed.pid()));
      peers.add(megabytes(peer.pid()));
      bench.print(
          "memory: seed %.0f MB at the end of 1 GiB, %.0f MB %d s later; peer %.0f MB, %.0f MB",
          seedAtWork, seeds.last(), REST.toSeconds(), peerAtWork, peers.last());
      seed.stop();
      peer.stop();
    }
    Directories.delete(bench.work().resolve(name));
  }

  private static double megabytes(long pid) throws IOException {
    return Accounting.residentBytes(pid) / 1e6;
  }
}
