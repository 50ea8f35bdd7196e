package io.dragonfly.lab.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.api.common.v2.Download;
import io.dragonfly.common.file.Directories;
import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Our programs and upstream's in every mix: the origin is read once, and nobody breaks a rule. */
@Timeout(300)
final class MixedSwarmTest {
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final LabContent CONTENT = new LabContent(6, (30 << 20) + 777);
  private static final LabContent SMALL = new LabContent(7, 100_000);

  @SuppressWarnings("NullAway.Init") // made before each test
  private Path directory;

  @BeforeEach
  void makeDirectory() throws IOException {
    directory = Files.createTempDirectory("mix");
  }

  @AfterEach
  void removeDirectory() throws IOException {
    Directories.delete(directory);
  }

  @Test
  void ourDaemonsUnderTheUpstreamScheduler() throws Exception {
    try (UpstreamScheduler scheduler = UpstreamScheduler.start();
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good());
        ProcessCluster ours = new ProcessCluster(directory, scheduler.port())) {
      ours.startSeed("seed");
      ours.startPeer("a");
      ours.startPeer("b");
      bothTake(ours, origin.url("/file"), CONTENT);

      assertThat(scheduler.violations()).isEmpty();
      assertReadOnce(origin, CONTENT);
    }
  }

  @Test
  void ourDaemonsTakeEmptyAndSmallContentUnderTheUpstreamScheduler() throws Exception {
    try (UpstreamScheduler scheduler = UpstreamScheduler.start();
        LabOrigin origin = LabOrigin.start(SMALL, Behaviour.good());
        ProcessCluster ours = new ProcessCluster(directory, scheduler.port())) {
      ours.startPeer("a");
      Path small = directory.resolve("small");
      succeeds(ours.dfget("a", origin.url("/small"), small), small, SMALL);

      LabContent empty = new LabContent(8, 0);
      origin.become(empty, Behaviour.good());
      Path nothing = directory.resolve("nothing");
      succeeds(ours.dfget("a", origin.url("/nothing"), nothing), nothing, empty);
      assertThat(scheduler.violations()).isEmpty();
    }
  }

  @Test
  void aRestartedUpstreamSchedulerIsToldAtOnceWhoIsThere() throws Exception {
    try (UpstreamScheduler scheduler = UpstreamScheduler.start();
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good());
        ProcessCluster ours = new ProcessCluster(directory, scheduler.port())) {
      ours.startPeer("a");
      scheduler.forget();
      Path output = directory.resolve("output");
      succeeds(ours.dfget("a", origin.url("/file"), output), output, CONTENT);
      assertThat(scheduler.hostIds()).containsExactly("127.0.0.1-a");
    }
  }

  @Test
  void upstreamDaemonsUnderOurScheduler() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good());
        ProcessCluster ours = new ProcessCluster(directory)) {
      ours.startScheduler();
      try (UpstreamDaemon seed = upstream(ours, "seed", true);
          UpstreamDaemon first = upstream(ours, "a", false);
          UpstreamDaemon second = upstream(ours, "b", false)) {
        Download download = download(origin);
        allTake(download, CONTENT, first, second);
        assertThat(seed.violations()).isEmpty();
        assertReadOnce(origin, CONTENT);
      }
    }
  }

  @Test
  void upstreamDaemonsWithoutASeedUnderOurScheduler() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good());
        ProcessCluster ours = new ProcessCluster(directory)) {
      ours.startScheduler();
      try (UpstreamDaemon first = upstream(ours, "a", false);
          UpstreamDaemon second = upstream(ours, "b", false);
          UpstreamDaemon third = upstream(ours, "c", false)) {
        Download download = download(origin);
        allTake(download, CONTENT, first, second, third);
        assertReadOnce(origin, CONTENT);
      }
    }
  }

  @Test
  void ourSeedFeedsUpstreamPeersAndOurs() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good());
        ProcessCluster ours = new ProcessCluster(directory)) {
      ours.startScheduler();
      ours.startSeed("seed");
      ours.startPeer("a");
      try (UpstreamDaemon theirs = upstream(ours, "b", false)) {
        Download download = download(origin);
        Path output = directory.resolve("output");
        Program dfget = ours.dfget("a", origin.url("/file"), output);
        allTake(download, CONTENT, theirs);
        succeeds(dfget, output, CONTENT);
        assertReadOnce(origin, CONTENT);
      }
    }
  }

  @Test
  void anUpstreamSeedFeedsOurPeers() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good());
        ProcessCluster ours = new ProcessCluster(directory)) {
      ours.startScheduler();
      ours.startPeer("a");
      ours.startPeer("b");
      try (UpstreamDaemon seed = upstream(ours, "seed", true)) {
        bothTake(ours, origin.url("/file"), CONTENT);
        assertThat(seed.violations()).isEmpty();
        assertReadOnce(origin, CONTENT);
      }
    }
  }

  @Test
  void smallContentIsReadOnceByOurDaemonsUnderOurScheduler() throws Exception {
    try (LabOrigin origin = LabOrigin.start(SMALL, Behaviour.good());
        ProcessCluster ours = new ProcessCluster(directory)) {
      ours.startScheduler();
      ours.startSeed("seed");
      ours.startPeer("a");
      ours.startPeer("b");
      bothTake(ours, origin.url("/small"), SMALL);
      assertReadOnce(origin, SMALL);
    }
  }

  @Test
  void upstreamsDfgetUsesOurDaemon() throws Exception {
    try (LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good());
        ProcessCluster ours = new ProcessCluster(directory)) {
      ours.startScheduler();
      ours.startPeer("a");
      Path written = directory.resolve("written");
      UpstreamDfget.download(
          ours.socket("a"), download(origin).toBuilder().setOutputPath(written.toString()).build());
      assertThat(LabContent.sha256(written)).isEqualTo(CONTENT.sha256());

      Path transferred = directory.resolve("transferred");
      UpstreamDfget.transfer(ours.socket("a"), download(origin), transferred);
      assertThat(LabContent.sha256(transferred)).isEqualTo(CONTENT.sha256());
      assertReadOnce(origin, CONTENT);
    }
  }

  private UpstreamDaemon upstream(ProcessCluster ours, String name, boolean seed)
      throws IOException {
    return UpstreamDaemon.start(directory.resolve("up-" + name), name, seed, ours.schedulerPort());
  }

  private static Download download(LabOrigin origin) {
    return Download.newBuilder().setUrl(origin.url("/file")).build();
  }

  private static void allTake(Download download, LabContent content, UpstreamDaemon... daemons)
      throws Exception {
    String taskId = UpstreamTaskId.of(download);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Path>> downloads =
          Stream.of(daemons)
              .<Callable<Path>>map(daemon -> () -> daemon.download(download, taskId))
              .toList();
      for (Future<Path> file : threads.invokeAll(downloads)) {
        assertThat(LabContent.sha256(file.get())).isEqualTo(content.sha256());
      }
    }
    for (UpstreamDaemon daemon : daemons) {
      assertThat(daemon.violations()).as(daemon.hostId()).isEmpty();
    }
  }

  /** Our peers a and b, at once. */
  private void bothTake(ProcessCluster ours, String url, LabContent content) throws Exception {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    Program a = ours.dfget("a", url, first);
    Program b = ours.dfget("b", url, second);
    succeeds(a, first, content);
    succeeds(b, second, content);
  }

  private static void succeeds(Program dfget, Path output, LabContent content) throws Exception {
    assertThat(dfget.await(LIMIT)).as(dfget.output()).isZero();
    assertThat(LabContent.sha256(output)).isEqualTo(content.sha256());
  }

  private static void assertReadOnce(LabOrigin origin, LabContent content) {
    assertThat(origin.bytesSent())
        .as("bytes from the origin in %s requests", origin.requests().size())
        .isLessThanOrEqualTo(content.length() * 101 / 100);
  }
}
