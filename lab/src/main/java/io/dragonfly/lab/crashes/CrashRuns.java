package io.dragonfly.lab.crashes;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.ProcessCluster;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Downloads that are hit: a daemon is killed at a random moment of each, in one of four a second
 * time while it takes up what the first kill left, and started again. Then the download is asked
 * for once more, and a neighbour asks for it, too. Both must get what the origin gives; no piece
 * that the daemon had said was finished may be asked for at the origin again, and the neighbour
 * must cost it nothing.
 */
final class CrashRuns {
  /** Bytes of disk that all runs need: the caches have a quota. */
  static final long ROOM = 600L << 20;

  private static final long PIECE = 4L << 20;
  private static final int PIECES = 6;
  private static final long LENGTH = (PIECES - 1) * PIECE + 1234;

  /** So that a download takes about as long as the moments are apart. */
  private static final long RATE = 24L << 20;

  private static final int LATEST_MILLIS = 400;
  private static final String HIT = "a";
  private static final String NEIGHBOUR = "b";
  private static final String QUOTA = "gc:\n  policy:\n    distThreshold: 150MiB\n";

  private final Path directory;
  private final Launcher launcher;
  private final Random random;
  private final long seed;
  private final PrintStream out;

  /**
   * Runs that are drawn from a seed.
   *
   * @param directory an empty one with a short name
   */
  CrashRuns(Path directory, Launcher launcher, long seed, PrintStream out) {
    this.directory = directory;
    this.launcher = launcher;
    this.seed = seed;
    this.random = new Random(seed);
    this.out = out;
  }

  /** Whether nothing was wrong after any of them; each is printed. */
  boolean run(int runs) throws IOException, InterruptedException {
    int wrong = 0;
    int kills = 0;
    long kept = 0;
    try (ProcessCluster cluster =
            new ProcessCluster(directory, ProcessCluster.freePort(), launcher);
        LabOrigin origin = LabOrigin.start(new LabContent(0, 0), Behaviour.good())) {
      cluster.startScheduler();
      cluster.startDaemon(HIT, QUOTA);
      cluster.startDaemon(NEIGHBOUR, QUOTA);
      for (int run = 1; run <= runs; run++) {
        LabContent content = new LabContent(seed + run, LENGTH);
        origin.become(content, Behaviour.good().limitedTo(RATE));
        Run hit = new Run(cluster, origin, content, "/crash" + run);
        List<String> flaws = hit.play();
        kills += hit.kills;
        kept += hit.finished.cardinality();
        wrong += flaws.isEmpty() ? 0 : 1;
        out.printf(
            Locale.ROOT,
            "run %d: killed %d x, %d of %d pieces were finished, %s%n",
            run,
            hit.kills,
            hit.finished.cardinality(),
            PIECES,
            flaws.isEmpty() ? "holds" : "FAILS: " + String.join("; ", flaws));
      }
    }
    out.printf(
        Locale.ROOT,
        "%d kills in %d downloads, %d finished pieces kept, %d downloads wrong (seed %d)%n",
        kills,
        runs,
        kept,
        wrong,
        seed);
    return wrong == 0;
  }

  /** One download and its kills. */
  private final class Run {
    private final ProcessCluster cluster;
    private final LabOrigin origin;
    private final LabContent content;
    private final String path;
    private final List<String> flaws = new ArrayList<>();

    /** Pieces that the daemon has said it had before it was killed. */
    private final BitSet finished = new BitSet();

    private int kills;

    Run(ProcessCluster cluster, LabOrigin origin, LabContent content, String path) {
      this.cluster = cluster;
      this.origin = origin;
      this.content = content;
      this.path = path;
    }

    List<String> play() throws IOException, InterruptedException {
      hit();
      if (random.nextInt(4) == 0) {
        hit();
      }
      origin.become(content, Behaviour.good());
      int asked = origin.requests().size();
      expectContent(HIT);
      compareRequests(asked, "after the last kill");
      long sent = origin.bytesSent();
      expectContent(NEIGHBOUR);
      if (origin.bytesSent() != sent) {
        flaws.add("the neighbour cost the origin " + (origin.bytesSent() - sent) + " bytes");
      }
      return flaws;
    }

    /** The daemon is up when it ends. */
    private void hit() throws IOException, InterruptedException {
      int asked = origin.requests().size();
      BitSet before = (BitSet) finished.clone();
      int pieces = random.nextInt(PIECES - before.cardinality() + 1);
      long millis = random.nextInt(LATEST_MILLIS);
      try (BrokenDownload download = new BrokenDownload(cluster.socket(HIT), origin.url(path))) {
        download.awaitPieces(before.cardinality() + pieces);
        Thread.sleep(pieces == 0 ? millis : millis / 4);
        cluster.program(HIT).kill();
        kills++;
        finished.or(download.finished());
      }
      cluster.startDaemon(HIT, QUOTA);
      compareRequests(asked, before, "after the first kill");
    }

    private void expectContent(String daemon) throws IOException, InterruptedException {
      Path output = directory.resolve("out-" + daemon);
      try (BrokenDownload download =
          new BrokenDownload(cluster.socket(daemon), origin.url(path), output)) {
        String failure = download.awaitEnd();
        if (!failure.isEmpty()) {
          flaws.add("the download from " + daemon + " failed: " + failure);
        } else if (!LabContent.sha256(output).equals(content.sha256())) {
          flaws.add("what " + daemon + " gave is not what the origin has");
        }
      } finally {
        Files.deleteIfExists(output);
      }
    }

    private void compareRequests(int from, String when) {
      compareRequests(from, finished, when);
    }

    /** No request from this number on may have asked for a piece that was finished. */
    private void compareRequests(int from, BitSet pieces, String when) {
      List<LabOrigin.Request> all = origin.requests();
      for (LabOrigin.Request request : all.subList(from, all.size())) {
        if (Asked.of(request, content.length()).touches(pieces, PIECE)) {
          flaws.add(
              "finished pieces %s were asked for %s: %s"
                  .formatted(pieces, when, request.headers().getOrDefault("range", "all")));
        }
      }
    }
  }
}
