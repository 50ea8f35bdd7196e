package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.TaskId;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.source.NginxOrigin;
import io.dragonfly.daemon.storage.StoreOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How many ranges origins are asked for at the same time that limit their rate in two ways. */
@Timeout(120)
final class AdaptedWidthTest {
  private static final int MEBI = 1 << 20;

  @TempDir private Path directory;

  /** Runs of 2 MiB, so that there are some. */
  private static DownloadOptions options() {
    DownloadOptions of = DownloadOptions.DEFAULTS;
    return new DownloadOptions(
        of.activeTasks(),
        of.waitersPerTask(),
        12,
        of.transferThreads(),
        of.originReads(),
        of.totalOriginReads(),
        2L * MEBI,
        2L * MEBI,
        of.smallContent(),
        Duration.ofMillis(100),
        of.patienceAfterScheduler(),
        of.originAttempts(),
        of.originAnswers(),
        of.contentChanges(),
        of.progressEvery(),
        of.reportEvery(),
        of.rightsFresh(),
        of.rightsGrace());
  }

  private void download(String url) throws Exception {
    try (FakeSwarm swarm = new FakeSwarm();
        TestHost host =
            new TestHost(
                swarm, "one", directory, StoreOptions.defaults(), Long.MAX_VALUE, options())) {
      Caller caller = new Caller();
      host.downloads.start(
          Requests.withPieceLength(DownloadRequest.of(new TaskId("0123456789abcdef"), url), MEBI),
          caller);
      caller.awaitFinished();
    }
  }

  private static byte[] content(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  @Test
  void anOriginThatLimitsEachRequestIsAskedForMoreAtATime() throws Exception {
    Files.createDirectories(directory.resolve("files"));
    Files.write(directory.resolve("files/a"), content(80 * MEBI));
    try (NginxOrigin origin = NginxOrigin.startPlain(directory, "limit_rate 1m;")) {
      download(origin.url("/a"));

      assertThat(mostAtATime(origin.log())).isGreaterThan(6);
    }
  }

  private static int mostAtATime(List<NginxOrigin.Line> log) {
    int most = 0;
    for (NginxOrigin.Line one : log) {
      double begin = one.end() - one.time();
      int others =
          (int)
              log.stream()
                  .filter(other -> other.end() - other.time() <= begin && other.end() > begin)
                  .count();
      most = Math.max(most, others);
    }
    return most;
  }

  @Test
  void anOriginThatLimitsTheWholeIsNot() throws Exception {
    try (TestOrigin origin = new TestOrigin(content(40 * MEBI))) {
      origin.wholePauseNanos = 8_000_000;
      download(origin.url());

      assertThat(origin.mostAtATime.get()).isLessThanOrEqualTo(6);
    }
  }
}
