package io.dragonfly.lab.figures;

import io.dragonfly.common.id.TaskIdentity;
import io.dragonfly.lab.process.Accounting;
import io.dragonfly.lab.process.Nginx;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import io.dragonfly.lab.upstream.UpstreamPieces;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * One parent and twenty children that take a content of 256 MiB each at the same time: CPU-seconds
 * per GB of the server alone, beside nginx with twenty clients. The children read and forget, as
 * upstream's do: a connection for every piece; nginx's do so too, a range for each.
 */
final class CrowdFigure implements Figure {
  /** So often the children come before it counts: then the server is compiled. */
  private static final int WARM = 5;

  private static final int CHILDREN = 20;
  private static final int PIECES = 64;
  private static final long PIECE = 4 << 20;
  private static final double GIGABYTES = CHILDREN * PIECES * PIECE / 1e9;

  private interface Child {
    void take(int piece) throws IOException;
  }

  @Override
  public void measure(Bench bench) throws IOException, InterruptedException {
    bench.content("crowd", PIECES * PIECE);
    Spread ratios = new Spread();
    try (Nginx origin = bench.origin();
        ProcessCluster cluster = bench.cluster("crowd")) {
      String url = origin.url("crowd");
      cluster.startScheduler();
      Program parent = cluster.startPeer("parent");
      bench.get(cluster, "parent", url, "first");
      UpstreamPieces pieces =
          new UpstreamPieces(cluster.port("parent.tcp"), TaskIdentity.ofUrl(url).taskId());
      URI file = URI.create(url);
      crowd(parent.pid(), pieces::take);
      for (int run = 1; run <= WARM; run++) {
        bench.print(
            "crowd: not counted, the server is young: ours %.3f",
            crowd(parent.pid(), pieces::take) / GIGABYTES);
      }
      for (int run = 1; run <= bench.runs(); run++) {
        double ours = crowd(parent.pid(), pieces::take);
        double theirs = crowd(origin.pid(), piece -> Ranges.take(file, piece * PIECE, PIECE));
        ratios.add(ours / theirs);
        bench.print(
            "crowd: CPU-s/GB of the server for %d children: ours %.3f, nginx %.3f; ratio %.2f",
            CHILDREN, ours / GIGABYTES, theirs / GIGABYTES, ratios.last());
      }
    }
    bench.print("crowd: ratio: %s", ratios.text(2));
  }

  /** CPU-seconds of a server while all children take everything, each from another piece on. */
  private static double crowd(long server, Child child) throws IOException, InterruptedException {
    double before = Accounting.cpuSeconds(server);
    try (ExecutorService threads = Executors.newFixedThreadPool(CHILDREN)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < CHILDREN; i++) {
        int first = i * PIECES / CHILDREN;
        all.add(
            threads.submit(() -> {
              for (int piece = 0; piece < PIECES; piece++) {
                child.take((first + piece) % PIECES);
              }
              return null;
            }));
      }
      for (Future<?> one : all) {
        one.get();
      }
    } catch (ExecutionException e) {
      throw new IOException("a child did not get everything", e.getCause());
    }
    return Accounting.cpuSeconds(server) - before;
  }
}
