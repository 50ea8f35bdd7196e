package io.dragonfly.lab.soak;

import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.Accounting;
import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A scheduler, a seed and three peers on loopback. In each round every peer downloads a content
 * that is new, and one that may be cached; one dfget in eight is killed midway. One peer, which is
 * not measured, is killed and started again every twenty rounds. Caches are kept small, so that
 * tasks also go.
 */
final class Soak implements AutoCloseable {
  private static final LabContent CONTENT = new LabContent(77, 12_000_001);
  private static final List<String> PEERS = List.of("a", "b", "restarted");
  private static final String SMALL_CACHE =
      "gc:\n  interval: 10s\n  policy:\n    distThreshold: 200MiB\n";

  /** The two parts of the serial collector's heap, or all of G1's, in KiB. */
  private static final Pattern HEAP =
      Pattern.compile("^ *(?:DefNew|Tenured|garbage-first heap) +total .*, used (\\d+)K");

  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final int ROUNDS_PER_SAMPLE = 10;
  private static final int ROUNDS_PER_LIFE = 20;
  private static final int ONE_KILLED_OF = 8;

  private final Consumer<String> out;
  private final Path outputs;
  private final ProcessCluster cluster;
  private final LabOrigin origin;
  private final Random random = new Random(20);
  private final Map<String, Growth> measured = new LinkedHashMap<>();
  private int downloads;
  private int killed;

  Soak(Path directory, Launcher launcher, Consumer<String> out) throws IOException {
    this.out = out;
    this.outputs = Files.createDirectories(directory.resolve("out"));
    this.cluster = new ProcessCluster(directory.resolve("c"), ProcessCluster.freePort(), launcher);
    this.origin = LabOrigin.start(CONTENT, Behaviour.good());
  }

  /** Returns whether nothing grew and every download that was let be came whole. */
  boolean run(Duration time) throws IOException, InterruptedException {
    cluster.startScheduler();
    cluster.startDaemon("seed", "seedPeer:\n  enable: true\n  type: super\n" + SMALL_CACHE);
    for (String peer : PEERS) {
      cluster.startDaemon(peer, SMALL_CACHE);
    }
    for (String name : List.of(ProcessCluster.SCHEDULER, "seed", "a", "b")) {
      measured.put(name, new Growth());
    }
    long end = System.nanoTime() + time.toNanos();
    for (int round = 1; System.nanoTime() < end; round++) {
      round(round);
      if (round % ROUNDS_PER_SAMPLE == 0) {
        sample();
      }
      if (round % ROUNDS_PER_LIFE == 0) {
        cluster.program("restarted").kill();
        cluster.startDaemon("restarted", SMALL_CACHE);
      }
    }
    return verdict();
  }

  private void round(int round) throws IOException, InterruptedException {
    Map<Program, Boolean> running = new LinkedHashMap<>();
    for (String peer : PEERS) {
      int age = random.nextInt(4);
      String url = origin.url("/soak-" + (random.nextBoolean() ? round : Math.max(1, round - age)));
      Program dfget = cluster.dfget(peer, url, outputs.resolve(peer + round), "--force-hard-link");
      boolean kill = random.nextInt(ONE_KILLED_OF) == 0;
      running.put(dfget, kill);
    }
    for (Map.Entry<Program, Boolean> one : running.entrySet()) {
      if (one.getValue()) {
        Thread.sleep(random.nextInt(200));
        one.getKey().kill();
        killed++;
      } else if (one.getKey().await(LIMIT) != 0) {
        throw new IOException("a download failed: " + one.getKey().output());
      } else {
        downloads++;
      }
    }
    try (Stream<Path> files = Files.list(outputs)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  private void sample() throws IOException, InterruptedException {
    StringBuilder row = new StringBuilder("soak: ").append(downloads).append(" downloads");
    for (Map.Entry<String, Growth> one : measured.entrySet()) {
      Program program = cluster.program(one.getKey());
      long resident = Accounting.residentBytes(program.pid());
      long descriptors = descriptors(program.pid());
      one.getValue().add(resident, descriptors);
      row.append(
          String.format(
              Locale.ROOT,
              "; %s %d MB, heap %d MB, %d open",
              one.getKey(),
              resident / 1_000_000,
              heapMegabytes(program.pid()),
              descriptors));
    }
    out.accept(row.toString());
  }

  private static long descriptors(long pid) throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
      return open.count();
    }
  }

  /** Megabytes in use, as the JVM itself says. */
  private static long heapMegabytes(long pid) throws IOException {
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    Process process =
        new ProcessBuilder(jcmd, Long.toString(pid), "GC.heap_info")
            .redirectErrorStream(true)
            .start();
    try (BufferedReader lines = process.inputReader()) {
      return lines
              .lines()
              .map(HEAP::matcher)
              .filter(Matcher::find)
              .mapToLong(found -> Long.parseLong(found.group(1)))
              .sum()
          / 1000;
    }
  }

  private boolean verdict() {
    boolean steady = true;
    out.accept("soak: " + downloads + " downloads came whole, " + killed + " were killed");
    for (Map.Entry<String, Growth> one : measured.entrySet()) {
      out.accept("soak: " + one.getKey() + ": " + one.getValue().text());
      steady &= one.getValue().isSteady();
    }
    boolean enough = measured.values().stream().allMatch(Growth::hasEnough);
    out.accept(
        !enough
            ? "soak: too short to say whether anything grows"
            : steady ? "soak: nothing grows" : "soak: something grows");
    return steady;
  }

  @Override
  public void close() throws IOException {
    cluster.close();
    origin.close();
  }
}
