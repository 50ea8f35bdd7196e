package io.dragonfly.lab.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
      assertThat(exitCode).as("exit code; dfget said: %s", text).isIn(1, 2);
      assertThat(text).containsIgnoringCase(words[0]);
      for (String word : words) {
        assertThat(text).containsIgnoringCase(word);
      }
      assertThat(text).as("a stack trace is not a clear error").doesNotContain("\tat ");
      assertThat(output).doesNotExist();
    }
  }

  /** Descriptors that may stay open after downloads: pooled connections. */
  private static final int POOLED_FILES = 24;

  private static final Duration SETTLE = Duration.ofSeconds(60);
  private static final AtomicInteger NUMBERS = new AtomicInteger();

  final ProcessCluster cluster;
  final Path outputs;
  private final Path directory;
  private final Map<String, Integer> filesAtStart = new HashMap<>();

  /** Starts a scheduler, the seeds and the peers; their sockets need a short path. */
  static FaultBench start(List<String> seeds, List<String> peers) throws Exception {
    FaultBench bench = new FaultBench();
    try {
      bench.cluster.startScheduler();
      for (String seed : seeds) {
        bench.cluster.startSeed(seed);
        bench.filesAtStart.put(seed, bench.openFiles(seed));
      }
      for (String peer : peers) {
        bench.cluster.startPeer(peer);
        bench.filesAtStart.put(peer, bench.openFiles(peer));
      }
      return bench;
    } catch (IOException | InterruptedException e) {
      bench.close();
      throw e;
    }
  }

  private FaultBench() throws IOException {
    directory = Files.createTempDirectory("df");
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

  /** Open files of a daemon without those of its store, which keeps a bounded number for reuse. */
  private int openFiles(String daemon) throws IOException {
    return cluster.program(daemon).openFiles(cluster.storage(daemon).toRealPath());
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
          for (Map.Entry<String, Integer> base : filesAtStart.entrySet()) {
            Program daemon = cluster.program(base.getKey());
            if (daemon.isAlive()) {
              assertThat(openFiles(base.getKey()))
                  .as("open files of %s", base.getKey())
                  .isLessThanOrEqualTo(base.getValue() + POOLED_FILES);
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
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException | java.io.UncheckedIOException e) {
      // A process that is just ending removed it first.
    }
  }
}
