package io.dragonfly.dist;

import io.dragonfly.cli.Amounts;
import io.dragonfly.cli.Terminal;
import io.dragonfly.cli.download.DownloadSpec;
import io.dragonfly.cli.download.Outcome;
import io.dragonfly.common.file.Directories;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.telemetry.LogOptions;
import io.dragonfly.common.telemetry.LogOptions.LogLevel;
import io.dragonfly.common.telemetry.Logging;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** One run of the demo: builds the cluster, downloads, reports, and removes every trace. */
final class DemoRun {
  private static final Duration BEAT = Duration.ofMillis(200);
  private static final Duration ANNOUNCEMENT = Duration.ofSeconds(10);
  private static final int REMOVAL_ATTEMPTS = 100;

  private final DemoOptions options;
  private final Terminal terminal;
  private final boolean progress;

  DemoRun(DemoOptions options, Terminal terminal, boolean progress) {
    this.options = options;
    this.terminal = terminal;
    this.progress = progress;
  }

  /** Returns the exit code. */
  int run() {
    Path directory;
    try {
      directory = temporaryDirectory();
    } catch (IOException e) {
      return failed("cannot make a temporary directory: " + e);
    }
    // Ctrl-C ends the JVM under the running cluster: what it had open is gone, its files go here.
    Thread onExit = new Thread(() -> remove(directory), "demo-cleanup");
    Runtime.getRuntime().addShutdownHook(onExit);
    try (Logging _ =
        Logging.configure("demo", LogOptions.files(LogLevel.INFO, directory.resolve("logs")))) {
      return run(directory);
    } catch (StartException | IOException e) {
      return failed(String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    } finally {
      remove(directory);
    }
  }

  private Path temporaryDirectory() throws IOException {
    String chosen = terminal.environment().get("TMPDIR");
    return chosen == null || chosen.isEmpty()
        ? Files.createTempDirectory("dragonfly-demo-")
        : Files.createTempDirectory(Path.of(chosen), "dragonfly-demo-");
  }

  private int run(Path directory) throws IOException, StartException, InterruptedException {
    if (options.url().isPresent()) {
      return run(directory, options.url().get(), null);
    }
    checkSpace(directory);
    DemoContent content = new DemoContent(System.nanoTime(), options.length());
    try (DemoOrigin origin = new DemoOrigin(content, options.ranges()).start()) {
      return run(directory, origin.url(), origin);
    }
  }

  private void checkSpace(Path directory) throws IOException {
    // The seed's store, and for each peer its store and the file.
    long needed = options.length() * (1 + 2L * options.peers());
    long free = Files.getFileStore(directory).getUsableSpace();
    if (needed > free) {
      throw new IOException(
          "the demo needs "
              + Amounts.bytes(needed)
              + " below "
              + directory.getParent()
              + " and there are "
              + Amounts.bytes(free)
              + ": choose a smaller --size, or another TMPDIR");
    }
  }

  private int run(Path directory, String url, @Nullable DemoOrigin origin)
      throws IOException, StartException, InterruptedException {
    PrintStream out = terminal.out();
    try (LocalCluster cluster = new LocalCluster(directory)) {
      cluster.startScheduler();
      LocalMember seed = cluster.addSeed("seed", "");
      boolean late = options.seedDelay().isPositive();
      if (!late) {
        seed.start();
      }
      for (int i = 1; i <= options.peers(); i++) {
        cluster.addPeer("peer-" + i, "").start();
      }
      if (!late && !seed.awaitAnnounced(ANNOUNCEMENT)) {
        terminal
            .err()
            .println("demo: the seed is not known to the scheduler yet; going on without");
      }
      out.println(
          options.peers()
              + (options.peers() == 1 ? " peer downloads " : " peers download ")
              + (origin == null
                  ? DownloadSpec.shown(url)
                  : Amounts.bytes(options.length()) + " from " + url)
              + (late
                  ? "; the seed starts after " + Amounts.time(options.seedDelay().toMillis())
                  : ""));
      List<DemoPeer> peers = download(cluster, url, late ? Optional.of(seed) : Optional.empty());
      return report(cluster, peers, origin);
    }
  }

  /** Starts all downloads and waits for the last one. */
  private List<DemoPeer> download(LocalCluster cluster, String url, Optional<LocalMember> lateSeed)
      throws InterruptedException, IOException, StartException {
    List<DemoPeer> peers = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (LocalMember member : cluster.peers()) {
      DemoPeer peer = new DemoPeer(member, url);
      peers.add(peer);
      threads.add(Thread.ofPlatform().name("demo-" + peer.name()).daemon().unstarted(peer));
    }
    threads.forEach(Thread::start);
    long begin = System.nanoTime();
    DemoDisplay display = new DemoDisplay(terminal, peers, begin);
    Optional<LocalMember> waiting = lateSeed;
    while (!peers.stream().allMatch(DemoPeer::isDone)) {
      Thread.sleep(BEAT);
      if (waiting.isPresent() && System.nanoTime() - begin >= options.seedDelay().toNanos()) {
        waiting.get().start();
        waiting = Optional.empty();
      }
      if (progress) {
        display.show(System.nanoTime());
      }
    }
    for (Thread thread : threads) {
      thread.join();
    }
    return peers;
  }

  private int report(LocalCluster cluster, List<DemoPeer> peers, @Nullable DemoOrigin origin)
      throws IOException {
    boolean failed = false;
    for (DemoPeer peer : peers) {
      if (peer.error().isPresent()) {
        failed = true;
        terminal.err().println("demo: " + peer.name() + ": " + peer.error().get());
      } else {
        peer.verify();
      }
    }
    String expected = origin == null ? firstOf(peers) : origin.sha256();
    List<DemoReport.Row> rows = new ArrayList<>();
    for (DemoPeer peer : peers) {
      Optional<Outcome> outcome = peer.outcome();
      if (outcome.isPresent()) {
        boolean equal = peer.sha256().equals(expected);
        rows.add(new DemoReport.Row(peer.name(), peer.millis(), outcome.get(), equal));
      }
    }
    if (rows.isEmpty()) {
      return 1;
    }
    DemoReport report =
        new DemoReport(
            rows,
            rows.getFirst().outcome().bytes(),
            origin == null ? readFromOrigin(cluster) : origin.bytes(),
            origin == null ? OptionalLong.empty() : OptionalLong.of(origin.requests()));
    terminal.out().println();
    terminal.out().print(report);
    return failed || !report.isGood() ? 1 : 0;
  }

  /** Without an origin of our own, the peers are compared with the first of them. */
  private static String firstOf(List<DemoPeer> peers) {
    return peers.stream()
        .map(DemoPeer::sha256)
        .filter(sha256 -> !sha256.isEmpty())
        .findFirst()
        .orElse("");
  }

  private static long readFromOrigin(LocalCluster cluster) {
    long bytes = 0;
    for (List<LocalMember> members : List.of(cluster.seeds(), cluster.peers())) {
      for (LocalMember member : members) {
        bytes += member.isRunning() ? member.daemon().traffic().origin() : 0;
      }
    }
    return bytes;
  }

  private int failed(String why) {
    terminal.err().println("demo: " + why);
    return 1;
  }

  private void remove(Path directory) {
    // After Ctrl-C the daemons still run while we remove, and may just have added a file.
    for (int attempt = 1; ; attempt++) {
      try {
        Directories.delete(directory);
        return;
      } catch (IOException e) {
        if (attempt == REMOVAL_ATTEMPTS) {
          terminal.err().println("demo: cannot remove " + directory + ": " + e.getMessage());
          return;
        }
      }
    }
  }
}
