package io.dragonfly.lab.figures;

import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The figures, by name:
 *
 * <ul>
 *   <li>{@code transfer}: one parent, one child, 4 GiB after 1 GiB of warm-up; CPU-seconds per GB
 *       of both daemons beside nginx (sendfile) and curl writing a fresh file
 *   <li>{@code hit}: a content of 1 GiB that the daemon has, to a new file, beside {@code cp}
 *   <li>{@code small}: a content of 1 KB from a warm daemon: the whole dfget process, and the time
 *       that the daemon's answer takes
 *   <li>{@code memory}: resident memory of a daemon 60 s after a download of 1 GiB
 *   <li>{@code start}: from the start of {@code standalone} to the end of its first download
 * </ul>
 */
public final class Figures {
  private static final double GB = 1e9;
  private static final long MIB = 1 << 20;
  private static final Duration LIMIT = Duration.ofMinutes(10);

  private final Path distribution;
  private final Path work;
  private final PrintStream out;

  private Figures(Path distribution, Path work, PrintStream out) {
    this.distribution = distribution;
    this.work = work;
    this.out = out;
  }

  /** Arguments: the unpacked distribution, a directory for some 12 GB, and names of figures. */
  public static void main(String[] args) throws IOException, InterruptedException {
    if (args.length < 2) {
      System.err.println("usage: figures DISTRIBUTION WORK [transfer|hit|small|memory|start]...");
      System.exit(2);
    }
    Path work = Files.createDirectories(Path.of(args[1])).toRealPath();
    Figures figures = new Figures(Path.of(args[0]).toRealPath(), work, System.out);
    List<String> names =
        args.length > 2
            ? Arrays.asList(args).subList(2, args.length)
            : List.of("start", "small", "hit", "transfer", "memory");
    for (String name : names) {
      figures.run(name);
    }
  }

  private void run(String name) throws IOException, InterruptedException {
    switch (name) {
      case "transfer" -> transfer();
      case "hit" -> hit();
      case "small" -> small();
      case "memory" -> memory();
      case "start" -> start();
      default -> throw new IOException("no figure " + name);
    }
  }

  private void transfer() throws IOException, InterruptedException {
    Path files = content("warm", 1024, "big", 4096);
    try (Rival rival = Rival.serving(files);
        ProcessCluster cluster = cluster("transfer")) {
      cluster.startScheduler();
      Program parent = cluster.startSeed("parent");
      get(cluster, "parent", rival.url("warm"), "p1");
      get(cluster, "parent", rival.url("big"), "p2");
      Program child = cluster.startPeer("child");
      get(cluster, "child", rival.url("warm"), "c1");
      double before = Cpu.seconds(parent.pid()) + Cpu.seconds(child.pid());
      get(cluster, "child", rival.url("big"), "c2");
      double ours = Cpu.seconds(parent.pid()) + Cpu.seconds(child.pid()) - before;

      rival.transfer("warm", work.resolve("r1"));
      double theirs = rival.transfer("big", work.resolve("r2"));
      double size = 4096.0 * MIB / GB;
      out.printf(
          "transfer: parent+child %.2f CPU-s/GB, nginx+curl %.2f CPU-s/GB, ratio %.2f%n",
          ours / size, theirs / size, ours / theirs);
    } finally {
      clean();
    }
  }

  private void hit() throws IOException, InterruptedException {
    Path files = content("gig", 1024);
    try (Rival rival = Rival.serving(files);
        ProcessCluster cluster = cluster("hit")) {
      cluster.startScheduler();
      Program daemon = cluster.startPeer("a");
      getCopy(cluster, "a", rival.url("gig"), "h0");
      double[] ratios = new double[5];
      for (int i = 0; i < ratios.length; i++) {
        double cpuBefore = Cpu.seconds(daemon.pid());
        double ours = Shell.millis(copyCommand(cluster, rival.url("gig"), "h" + (i + 1)));
        double cpu = Cpu.seconds(daemon.pid()) - cpuBefore;
        double cp = Shell.millis("cp " + files.resolve("gig") + " " + work.resolve("cp" + i));
        ratios[i] = ours / cp;
        out.printf(
            "hit: dfget of 1 GiB %.0f ms (daemon %.2f CPU-s), cp %.0f ms, ratio %.2f%n",
            ours, cpu, cp, ratios[i]);
        Files.delete(work.resolve("h" + (i + 1)));
        Files.delete(work.resolve("cp" + i));
      }
      Arrays.sort(ratios);
      out.printf("hit: median ratio %.2f%n", ratios[ratios.length / 2]);
    } finally {
      clean();
    }
  }

  private void small() throws IOException, InterruptedException {
    Path files = Files.createDirectories(work.resolve("files"));
    Files.write(files.resolve("small"), new byte[1000]);
    try (Rival rival = Rival.serving(files);
        ProcessCluster cluster = cluster("small")) {
      cluster.startScheduler();
      cluster.startPeer("a");
      getCopy(cluster, "a", rival.url("small"), "s0");
      double[] whole = new double[21];
      for (int i = 0; i < whole.length; i++) {
        whole[i] = Shell.millis(copyCommand(cluster, rival.url("small"), "s" + (i + 1)));
      }
      Arrays.sort(whole);
      out.printf(
          "small: whole dfget process for 1 KB: min %.0f ms, p50 %.0f ms, max %.0f ms%n",
          whole[0], whole[whole.length / 2], whole[whole.length - 1]);
      double[] answers = LocalCalls.millis(cluster.socket("a"), rival.url("small"), 300);
      out.printf(
          "small: the daemon's answer for 1 KB: p50 %.2f ms, p99 %.2f ms of %d calls%n",
          answers[answers.length / 2], answers[answers.length * 99 / 100], answers.length);
    } finally {
      clean();
    }
  }

  private void memory() throws IOException, InterruptedException {
    Path files = content("gig", 1024);
    try (Rival rival = Rival.serving(files);
        ProcessCluster cluster = cluster("memory")) {
      cluster.startScheduler();
      Program seed = cluster.startSeed("seed");
      Program peer = cluster.startPeer("a");
      get(cluster, "a", rival.url("gig"), "m1");
      Thread.sleep(Duration.ofSeconds(60));
      out.printf(
          "memory: resident 60 s after 1 GiB: seed %.0f MiB, peer %.0f MiB%n",
          Cpu.residentMib(seed.pid()), Cpu.residentMib(peer.pid()));
    } finally {
      clean();
    }
  }

  private void start() throws IOException, InterruptedException {
    Path files = Files.createDirectories(work.resolve("files"));
    Files.write(files.resolve("small"), new byte[1000]);
    try (Rival rival = Rival.serving(files)) {
      for (int i = 0; i < 3; i++) {
        Path data = work.resolve("standalone" + i);
        long begin = System.nanoTime();
        Process standalone =
            new ProcessBuilder(
                    distribution.resolve("bin/dragonfly").toString(),
                    "standalone",
                    "--data-dir",
                    data.toString())
                .redirectErrorStream(true)
                .redirectOutput(work.resolve("standalone.log").toFile())
                .start();
        try {
          Path socket = data.resolve("dfdaemon.sock");
          while (!Files.exists(socket) && standalone.isAlive()) {
            Thread.sleep(5);
          }
          double ready = (System.nanoTime() - begin) / 1e6;
          Shell.run(
              distribution.resolve("bin/dfget")
                  + (" -e " + socket + " ")
                  + rival.url("small")
                  + (" -O " + work.resolve("first" + i)));
          double first = (System.nanoTime() - begin) / 1e6;
          out.printf(
              "start: standalone accepts after %.0f ms, first download ended after %.0f ms%n",
              ready, first);
        } finally {
          standalone.destroy();
          standalone.waitFor();
        }
      }
    } finally {
      clean();
    }
  }

  private ProcessCluster cluster(String name) throws IOException {
    return new ProcessCluster(
        work.resolve(name), ProcessCluster.freePort(), Launcher.ofDistribution(distribution));
  }

  /** Files of random bytes, by name and size in MiB. */
  private Path content(Object... namesAndMib) throws IOException, InterruptedException {
    Path files = Files.createDirectories(work.resolve("files"));
    for (int i = 0; i < namesAndMib.length; i += 2) {
      Shell.run(
          "dd if=/dev/urandom of=%s bs=1M count=%s status=none"
              .formatted(files.resolve((String) namesAndMib[i]), namesAndMib[i + 1]));
    }
    return files;
  }

  /** A download whose output is a hard link, so that only the transfer counts. */
  private void get(ProcessCluster cluster, String daemon, String url, String name)
      throws IOException, InterruptedException {
    expectSuccess(cluster.dfget(daemon, url, work.resolve(name), "--force-hard-link"));
  }

  private void getCopy(ProcessCluster cluster, String daemon, String url, String name)
      throws IOException, InterruptedException {
    expectSuccess(cluster.dfget(daemon, url, work.resolve(name)));
  }

  private static void expectSuccess(Program dfget) throws IOException, InterruptedException {
    if (dfget.await(LIMIT) != 0) {
      throw new IOException("dfget failed: " + dfget.output());
    }
  }

  private String copyCommand(ProcessCluster cluster, String url, String name) {
    return "exec %s -e %s %s -O %s"
        .formatted(distribution.resolve("bin/dfget"), cluster.socket("a"), url, work.resolve(name));
  }

  private void clean() throws IOException {
    try (Stream<Path> files = Files.walk(work)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        if (!file.equals(work)) {
          Files.deleteIfExists(file);
        }
      }
    }
  }
}
