package io.dragonfly.lab.upstream;

import static io.dragonfly.lab.upstream.UpstreamManager.Member.local;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.dragonfly.api.manager.v2.ListSchedulersRequest;
import io.dragonfly.api.manager.v2.SourceType;
import io.dragonfly.lab.origin.Behaviour;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.origin.LabOrigin;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Daemons whose configuration names a manager instead of schedulers. */
@Timeout(300)
final class ManagedClusterTest {
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final LabContent CONTENT = new LabContent(9, (20 << 20) + 55);

  @SuppressWarnings("NullAway.Init") // made before each test
  private Path directory;

  /** Only the scheduler; the daemons do not know its port. */
  @SuppressWarnings("NullAway.Init")
  private ProcessCluster ours;

  @SuppressWarnings("NullAway.Init")
  private ProcessCluster daemons;

  @BeforeEach
  void makeDirectory() throws IOException {
    directory = Files.createTempDirectory("man");
    ours = new ProcessCluster(directory.resolve("s"));
    daemons = new ProcessCluster(directory.resolve("d"), ProcessCluster.freePort());
  }

  @AfterEach
  void removeDirectory() throws IOException {
    ours.close();
    daemons.close();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  private void startDaemon(String name, int manager, String more) throws Exception {
    daemons.startDaemon(
        name,
        "manager:\n  addr: http://127.0.0.1:"
            + manager
            + "\ndynconfig:\n  refreshInterval: 1s\n"
            + more);
  }

  private void download(String daemon, String url, String output) throws Exception {
    Path file = directory.resolve(output);
    Program dfget = daemons.dfget(daemon, url, file);
    assertThat(dfget.await(LIMIT)).as(dfget.output()).isZero();
    assertThat(LabContent.sha256(file)).isEqualTo(CONTENT.sha256());
  }

  private void isAnnounced(String daemon) {
    await()
        .atMost(LIMIT)
        .until(() -> daemons.program(daemon).output().contains("event=host_announced"));
  }

  @Test
  void aSeedAndPeersFindTheHealthySchedulerOfTheirCluster() throws Exception {
    try (UpstreamManager manager = UpstreamManager.start(0);
        UpstreamScheduler sick = UpstreamScheduler.start();
        UpstreamScheduler elsewhere = UpstreamScheduler.start();
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      ours.startScheduler();
      sick.sicken();
      manager.name(
          local(1, ProcessCluster.freePort()),
          local(1, sick.port()),
          local(1, ours.schedulerPort()),
          local(2, elsewhere.port()));
      startDaemon("seed", manager.port(), "seedPeer:\n  enable: true\n");
      startDaemon("a", manager.port(), "");
      startDaemon("b", manager.port(), "");
      for (String daemon : new String[] {"seed", "a", "b"}) {
        isAnnounced(daemon);
      }
      download("a", origin.url("/file"), "first");
      download("b", origin.url("/file"), "second");

      assertThat(origin.bytesSent()).isLessThanOrEqualTo(CONTENT.length() * 101 / 100);
      assertThat(sick.hostIds()).isEmpty();
      assertThat(elsewhere.hostIds()).isEmpty();
      assertThat(manager.violations()).isEmpty();
      assertThat(manager.requests())
          .extracting(ListSchedulersRequest::getHostname, ListSchedulersRequest::getSourceType)
          .contains(tuple("seed", SourceType.SEED_PEER_SOURCE), tuple("a", SourceType.PEER_SOURCE));
    }
  }

  @Test
  void theClusterOfTheConfigurationIsAskedFor() throws Exception {
    try (UpstreamManager manager = UpstreamManager.start(0);
        UpstreamScheduler first = UpstreamScheduler.start();
        UpstreamScheduler second = UpstreamScheduler.start()) {
      // A scheduler that lost its connection to the manager is named as well, and works.
      manager.name(
          local(1, first.port()), new UpstreamManager.Member(2, "127.0.0.1", second.port(), false));
      startDaemon("a", manager.port(), "");
      await().atMost(LIMIT).until(() -> first.hostIds().contains("127.0.0.1-a"));
      daemons.inCluster(2);
      startDaemon("b", manager.port(), "");
      await().atMost(LIMIT).until(() -> second.hostIds().contains("127.0.0.1-b"));
      assertThat(first.hostIds()).containsExactly("127.0.0.1-a");
      assertThat(second.hostIds()).containsExactly("127.0.0.1-b");
      assertThat(manager.violations()).isEmpty();
    }
  }

  @Test
  void theManagerMayComeLateAndGoAgainAndItsListIsFollowed() throws Exception {
    int port = ProcessCluster.freePort();
    try (UpstreamScheduler first = UpstreamScheduler.start();
        UpstreamScheduler second = UpstreamScheduler.start();
        LabOrigin origin = LabOrigin.start(CONTENT, Behaviour.good())) {
      startDaemon("a", port, "");
      download("a", origin.url("/without"), "without");
      assertThat(first.hostIds()).isEmpty();

      try (UpstreamManager manager = UpstreamManager.start(port)) {
        manager.name(local(1, first.port()));
        await().atMost(LIMIT).until(() -> first.hostIds().contains("127.0.0.1-a"));

        manager.name(local(1, second.port()));
        await().atMost(LIMIT).until(() -> second.hostIds().contains("127.0.0.1-a"));
        assertThat(manager.violations()).isEmpty();
      }
      // The manager is gone: the last list stays, and the daemon registers with that scheduler.
      await()
          .atMost(LIMIT)
          .until(() -> daemons.program("a").output().contains("known=1 reason=\"the manager"));
      // It forgot the host, so it knows it again only if it is asked about the download.
      second.forget();
      download("a", origin.url("/file"), "with");
      assertThat(second.hostIds()).containsExactly("127.0.0.1-a");
      assertThat(first.violations()).isEmpty();
    }
  }
}
