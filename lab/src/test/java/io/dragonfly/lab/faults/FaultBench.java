package io.dragonfly.lab.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.file.Directories;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A cluster of processes, a place for outputs, and the checks that every fault ends with. */
final class FaultBench implements AutoCloseable {
  /** How a dfget ended. */
  record Outcome(int exitCode, String text, Path output) {
    void succeededWith(LabContent content) throws IOException {
      assertThat(exitCode).as("exit code; dfget said: %s", text).isZero();
      assertThat(LabContent.sha256(output)).isEqualTo(content.sha256());
    }

    void failedSaying(String... words) {
      assertThat(new DfgetEnd(exitCode, text, output).flawAsError()).isEmpty();
      for (String word : words) {
        assertThat(text).containsIgnoringCase(word);
      }
    }
  }

  private static final Duration SETTLE = Duration.ofSeconds(60);
  private static final AtomicInteger NUMBERS = new AtomicInteger();

  final ProcessCluster cluster;
  final Path outputs;
  private final Path directory;
  private final Map<String, Footprint> descriptorsAtStart = new TreeMap<>();

  /** Starts a scheduler, the seeds and the peers; their sockets need a short path. */
  static FaultBench start(List<String> seeds, List<String> peers) throws Exception {
    FaultBench bench = new FaultBench();
    try {
      bench.cluster.startScheduler();
      for (String seed : seeds) {
        bench.cluster.startSeed(seed);
        bench.noteBase(seed);
      }
      for (String peer : peers) {
        bench.cluster.startPeer(peer);
        bench.noteBase(peer);
      }
      return bench;
    } catch (IOException | InterruptedException e) {
      bench.close();
      throw e;
    }
  }

  private FaultBench() throws IOException {
    directory = Scratch.directory();
    cluster = new ProcessCluster(directory);
    outputs = Files.createDirectories(directory.resolve("out"));
  }

  Path newOutput() {
    return outputs.resolve("file" + NUMBERS.incrementAndGet());
  }

  /** Starts a dfget that may be killed. */
  Program start(String daemon, String url, Path output, String... more) throws IOException {
    return cluster.dfget(daemon, url, output, more);
  }

  /** Runs a dfget to its end, within the limit of the fault. */
  Outcome run(Fault fault, String daemon, String url, String... more) throws Exception {
    Path output = newOutput();
    return end(fault, start(daemon, url, output, more), output);
  }

  static Outcome end(Fault fault, Program dfget, Path output) throws Exception {
    int exitCode = dfget.await(fault.limit());
    return new Outcome(exitCode, dfget.output(), output);
  }

  /** Bytes below the content directory of a daemon, temporary files included. */
  long storedBytes(String daemon) throws IOException {
    Path content = cluster.storage(daemon).resolve("content");
    if (!Files.isDirectory(content)) {
      return 0;
    }
    try (Stream<Path> files = Files.walk(content)) {
      return files.filter(Files::isRegularFile).mapToLong(FaultBench::size).sum();
    }
  }

  /** Bytes of pieces that a daemon has sent to other hosts. */
  long sentBy(String daemon) throws IOException, InterruptedException {
    URI metrics = URI.create("http://127.0.0.1:" + cluster.port(daemon + ".metrics") + "/metrics");
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(metrics).timeout(Duration.ofSeconds(30)).build(),
              HttpResponse.BodyHandlers.ofString());
      return answer
          .body()
          .lines()
          .filter(line -> line.startsWith("dragonfly_client_upload_traffic"))
          .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    }
  }

  /** What a daemon has open now is what {@link #returnsToBase} compares with. */
  void noteBase(String daemon) throws IOException {
    descriptorsAtStart.put(daemon, Footprint.of(cluster, daemon));
  }

  /** The files in the caches of all daemons, by daemon. */
  Map<String, Set<Path>> caches() throws IOException {
    Map<String, Set<Path>> caches = new TreeMap<>();
    for (String daemon : descriptorsAtStart.keySet()) {
      caches.put(daemon, cache(daemon));
    }
    return caches;
  }

  /** The files in the cache of a daemon. */
  Set<Path> cache(String daemon) throws IOException {
    return Footprint.cache(cluster, daemon);
  }

  /** Nothing was kept of what failed: the caches have the files that they had before. */
  void cachesReturnTo(Map<String, Set<Path>> before) {
    await().atMost(SETTLE).untilAsserted(() -> assertThat(caches()).isEqualTo(before));
  }

  /**
   * Beside what they had before, the caches of the living have the content and the journal of so
   * many tasks each, or less: no version that was given up, and nothing temporary.
   */
  void cachesGrewByTasks(Map<String, Set<Path>> before, int tasks) {
    await()
        .atMost(SETTLE)
        .untilAsserted(() -> {
          for (Map.Entry<String, Set<Path>> cache : caches().entrySet()) {
            if (cluster.program(cache.getKey()).isAlive()) {
              List<Path> grown =
                  cache.getValue().stream()
                      .filter(file -> !before.getOrDefault(cache.getKey(), Set.of()).contains(file))
                      .toList();
              assertThat(grown)
                  .as("new files of %s", cache.getKey())
                  .allMatch(Footprint::isLasting)
                  .hasSizeLessThanOrEqualTo(2 * tasks);
            }
          }
        });
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      return 0;
    }
  }

  /** Descriptors of every daemon return to what they were, and no temporary output is left. */
  void returnsToBase() {
    await()
        .atMost(SETTLE)
        .untilAsserted(() -> {
          for (Map.Entry<String, Footprint> base : descriptorsAtStart.entrySet()) {
            if (cluster.program(base.getKey()).isAlive()) {
              assertThat(Footprint.of(cluster, base.getKey()).growthSince(base.getValue()))
                  .as("what %s has open", base.getKey())
                  .isEmpty();
            }
          }
          try (Stream<Path> files = Files.list(outputs)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                .as("outputs")
                .allMatch(name -> name.matches("file\\d+"));
          }
        });
  }

  @Override
  public void close() throws IOException {
    cluster.close();
    Directories.delete(directory);
  }
}
