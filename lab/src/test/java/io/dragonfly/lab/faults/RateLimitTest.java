package io.dragonfly.lab.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.cli.download.DaemonClient;
import io.dragonfly.cli.download.DownloadFailure;
import io.dragonfly.cli.download.DownloadSpec;
import io.dragonfly.cli.download.ProgressListener;
import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Rate limits of a daemon that runs: read again on SIGHUP, told by the cluster, and asked for by a
 * user. What is checked are bytes that origins send over some seconds, wide enough for a busy
 * machine; how exact the limits are is checked where time is virtual.
 */
@Timeout(300)
final class RateLimitTest {
  private static final long MIB = 1 << 20;
  private static final LabContent CONTENT = new LabContent(41, 1024 * MIB);
  private static final Duration SETTLE = Duration.ofSeconds(60);
  private static final Duration FILL = Duration.ofSeconds(3);
  private static final long SAMPLE_NANOS = 5_000_000_000L;
  private static final Percentage ROUGHLY = Percentage.withPercentage(50);

  /** A download that never ends by itself, from an origin of its own. */
  private static final class Endless implements ProgressListener, AutoCloseable {
    private final LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good());
    private final DaemonClient client;
    private final Thread thread;

    Endless(FaultBench bench, OptionalLong rate) throws DownloadFailure, IOException {
      client = DaemonClient.connect(bench.cluster.socket("limited"));
      DownloadSpec spec =
          new DownloadSpec(
              origin.url("/endless"),
              bench.newOutput(),
              /* overwrite= */ false,
              /* forceHardLink= */ false,
              /* stream= */ false,
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              /* priority= */ 6,
              OptionalLong.empty(),
              List.of(),
              Optional.empty(),
              /* disableBackToSource= */ false,
              SETTLE.multipliedBy(4),
              Optional.empty(),
              rate);
      thread =
          Thread.startVirtualThread(() -> {
            try {
              client.download(spec, /* stream= */ false, this);
            } catch (DownloadFailure e) {
              // Closed in the midst of it.
            }
          });
    }

    @Override
    public void started(long length) {}

    @Override
    public void progress(long bytes) {}

    /** Waits until it goes on at its pace: sockets take some MiB at once. */
    void awaitPace() throws InterruptedException {
      await().atMost(SETTLE).until(() -> origin.bytesSent() > MIB);
      Thread.sleep(FILL);
    }

    @Override
    public void close() {
      client.close();
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      try {
        origin.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** MiB per second of each during some seconds. */
  private static List<Double> rates(Endless... downloads) throws InterruptedException {
    List<Long> before = new ArrayList<>();
    long begin = System.nanoTime();
    for (Endless download : downloads) {
      before.add(download.origin.bytesSent());
    }
    Thread.sleep(Duration.ofNanos(SAMPLE_NANOS));
    double seconds = (System.nanoTime() - begin) / 1e9;
    List<Double> rates = new ArrayList<>();
    for (int i = 0; i < downloads.length; i++) {
      rates.add((downloads[i].origin.bytesSent() - before.get(i)) / seconds / MIB);
    }
    return rates;
  }

  private static void awaitLog(FaultBench bench, String... words) {
    await()
        .atMost(SETTLE)
        .untilAsserted(() -> assertThat(bench.cluster.program("limited").output()).contains(words));
  }

  @Test
  void limitsAreSharedByTasksAndChangeWhileTheyDownload() throws Exception {
    try (FaultBench bench = FaultBench.start(List.of(), List.of())) {
      bench.cluster.startDaemon("limited", "dynconfig:\n  refreshInterval: 200ms\n");
      Path file = bench.cluster.configuration("limited");
      String text = Files.readString(file);
      Files.writeString(
          file,
          text.replace("download:\n", "download:\n  bandwidthLimit: 4MiB\n")
              .replace("announceInterval: 5s", "announceInterval: 6s"));
      bench.cluster.program("limited").hangUp();
      awaitLog(
          bench,
          "key=download.bandwidthLimit bytes_per_second=" + 4 * MIB + " from=file",
          "event=reconfigured next_start=[scheduler.announceInterval]");

      try (Endless one = new Endless(bench, OptionalLong.empty())) {
        one.awaitPace();
        assertThat(rates(one).getFirst()).isCloseTo(4, ROUGHLY);

        try (Endless two = new Endless(bench, OptionalLong.empty())) {
          two.awaitPace();
          assertThat(rates(one, two)).allSatisfy(rate -> assertThat(rate).isCloseTo(2, ROUGHLY));

          // What the cluster says goes over the file.
          Path dynconfig = file.resolveSibling("dynconfig.yaml");
          Files.writeString(
              dynconfig,
              Files.readString(dynconfig)
                  + "clientConfig: {download: {bandwidthLimit: 50GB,"
                  + " backToSourceBandwidthLimit: 9MiB}}\n");
          awaitLog(bench, "bytes_per_second=" + 9 * MIB + " from=cluster");
          try (Endless limited = new Endless(bench, OptionalLong.of(MIB))) {
            limited.awaitPace();
            List<Double> rates = rates(one, two, limited);
            assertThat(rates.get(0)).isCloseTo(4, ROUGHLY);
            assertThat(rates.get(1)).isCloseTo(4, ROUGHLY);
            assertThat(rates.get(2)).isCloseTo(1, ROUGHLY);
          }
        }
      }

      Files.writeString(file, text.replace("download:\n", "download:\n  bandwidthLimit: often\n"));
      bench.cluster.program("limited").hangUp();
      awaitLog(bench, "event=not_reconfigured", "download.bandwidthLimit");
      assertThat(bench.cluster.program("limited").isAlive()).isTrue();
    }
  }
}
