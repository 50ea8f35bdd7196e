package io.dragonfly.lab.figures;

import io.dragonfly.common.file.Directories;
import io.dragonfly.lab.process.Accounting;
import io.dragonfly.lab.process.Cost;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.upstream.UpstreamScheduler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * One parent, one child, 4 GiB after 1 GiB of warm-up: CPU-seconds per GB of both daemons beside
 * nginx (sendfile) and curl to a fresh file. Twice in each run: with every block verified by
 * SHA-256, and under a scheduler that knows no roots, where the CRC32 of each piece is all there
 * is. The three take turns, the first and the last change places from run to run, and each has
 * processes and stores of its own.
 */
final class TransferFigure implements Figure {
  private static final long WARM = 1L << 30;
  private static final long BIG = 4L << 30;
  private static final long MEMORY = 6L << 30;
  private static final double GIGABYTES = BIG / 1e9;
  private static final String ALL_FROM_SEED = "all from the seed";

  private final Spread crcRatios = new Spread();
  private final Spread shaRatios = new Spread();
  private final Spread added = new Spread();

  @Override
  public void measure(Bench bench) throws IOException, InterruptedException {
    bench.content("warm", WARM);
    bench.content("big", BIG);
    try (Nginx origin = bench.origin()) {
      for (int run = 1; run <= bench.runs(); run++) {
        boolean crcFirst = run % 2 != 0;
        double first = transfer(bench, origin, crcFirst, "first" + run);
        double theirs = nginxAndCurl(bench, origin);
        double second = transfer(bench, origin, !crcFirst, "second" + run);
        double crc = crcFirst ? first : second;
        double sha = crcFirst ? second : first;
        crcRatios.add(crc / theirs);
        shaRatios.add(sha / theirs);
        added.add(sha - crc);
        bench.print(
            "transfer: CPU-s/GB with CRC32 %.2f, with SHA-256 %.2f, nginx+curl %.2f;"
                + " ratios %.2f and %.2f",
            crc, sha, theirs, crc / theirs, sha / theirs);
      }
    }
    bench.print("transfer: ratio with CRC32 only: %s", crcRatios.text(2));
    bench.print("transfer: ratio with SHA-256: %s", shaRatios.text(2));
    bench.print("transfer: SHA-256 adds CPU-s/GB: %s", added.text(2));
  }

  private static double nginxAndCurl(Bench bench, Nginx origin)
      throws IOException, InterruptedException {
    Path output = bench.work().resolve("curled");
    curl(origin, "warm", output);
    return curl(origin, "big", output) / GIGABYTES;
  }

  /** CPU seconds of server and client for one transfer into a fresh file. */
  private static double curl(Nginx origin, String name, Path output)
      throws IOException, InterruptedException {
    BackedMemory.prepare(MEMORY);
    double before = Accounting.cpuSeconds(origin.pid());
    double client =
        Cost.of(List.of(Tool.CURL.path(), "-sSf", "-o", output.toString(), origin.url(name)))
            .cpuSeconds();
    double server = Accounting.cpuSeconds(origin.pid()) - before;
    Files.delete(output);
    return client + server;
  }

  private static double transfer(Bench bench, Nginx origin, boolean crcOnly, String name)
      throws IOException, InterruptedException {
    return crcOnly ? withoutRoots(bench, origin, name) : withRoots(bench, origin, name);
  }

  private static double withRoots(Bench bench, Nginx origin, String name)
      throws IOException, InterruptedException {
    try (ProcessCluster cluster = bench.cluster(name)) {
      cluster.startScheduler();
      return transfer(bench, origin, cluster, name);
    } finally {
      Directories.delete(bench.work().resolve(name));
    }
  }

  private static double withoutRoots(Bench bench, Nginx origin, String name)
      throws IOException, InterruptedException {
    try (UpstreamScheduler scheduler = UpstreamScheduler.start();
        ProcessCluster cluster = bench.cluster(name, scheduler.port())) {
      return transfer(bench, origin, cluster, name);
    } finally {
      Directories.delete(bench.work().resolve(name));
    }
  }

  /** CPU-seconds per GB of parent and child. */
  private static double transfer(Bench bench, Nginx origin, ProcessCluster cluster, String name)
      throws IOException, InterruptedException {
    Program parent = cluster.startSeed("parent");
    bench.get(cluster, "parent", origin.url("warm"), name + "/p1");
    bench.get(cluster, "parent", origin.url("big"), name + "/p2");
    Program child = cluster.startPeer("child");
    expectSeed(bench.get(cluster, "child", origin.url("warm"), name + "/c1"));
    BackedMemory.prepare(MEMORY);
    double before = Accounting.cpuSeconds(parent.pid()) + Accounting.cpuSeconds(child.pid());
    expectSeed(bench.get(cluster, "child", origin.url("big"), name + "/c2"));
    double seconds =
        Accounting.cpuSeconds(parent.pid()) + Accounting.cpuSeconds(child.pid()) - before;
    cluster.close();
    parent.kill();
    child.kill();
    return seconds / GIGABYTES;
  }

  private static void expectSeed(String output) throws IOException {
    if (!output.contains(ALL_FROM_SEED)) {
      throw new IOException("the child did not take everything from its parent: " + output);
    }
  }
}
