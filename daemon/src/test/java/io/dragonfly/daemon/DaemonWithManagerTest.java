package io.dragonfly.daemon;

import static io.dragonfly.daemon.StrictManager.scheduler;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.dragonfly.api.manager.v2.ListSchedulersRequest;
import io.dragonfly.api.manager.v2.Scheduler;
import io.dragonfly.api.manager.v2.SchedulerCluster;
import io.dragonfly.api.manager.v2.SourceType;
import io.dragonfly.common.config.ByteSize;
import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.daemon.link.ClusterRates;
import io.dragonfly.daemon.rpc.ManagerSchedulers;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Schedulers that a manager names. */
@Timeout(120)
class DaemonWithManagerTest {
  private static final String LOCAL = "127.0.0.1";

  @TempDir Path dir;
  private final Closer closer = new Closer();
  private StrictManager manager;
  private StrictScheduler one;
  private StrictScheduler two;
  private RpcChannels channels;
  private ClusterRates told = ClusterRates.NONE;

  @BeforeEach
  void start() throws Exception {
    channels = closer.add(RpcChannels.plaintext(closer.add(new EventLoops("test", 1))));
    manager = closer.add(new StrictManager(0));
    one = closer.add(new StrictScheduler(0));
    two = closer.add(new StrictScheduler(0));
  }

  @AfterEach
  void stop() {
    closer.close();
  }

  private static InetSocketAddress address(StrictScheduler scheduler) {
    return new InetSocketAddress(InetAddress.ofLiteral(LOCAL), scheduler.port());
  }

  private ManagerSchedulers source(boolean seed, String hostname) {
    return new ManagerSchedulers(
        channels,
        channels,
        new HostPort(LOCAL, manager.port()),
        new ManagerSchedulers.Client(
            seed, hostname, LOCAL, Optional.of("idc-1"), Optional.of("a|b"), "1.0", 7),
        rates -> told = rates);
  }

  private Daemon daemon(String address) throws Exception {
    DaemonConfig config =
        LoopbackConfig.of(
            dir,
            "one",
            """
            dynconfig: {refreshInterval: 200ms}
            manager: {addr: "%s"}
            """
                .formatted(address));
    return closer.add(new Daemon(config, dir.resolve("is-not-there.yaml")));
  }

  @Test
  void theClusterTellsItsRates() throws Exception {
    Scheduler plain = scheduler(1, LOCAL, one.port());
    SchedulerCluster cluster =
        SchedulerCluster.newBuilder()
            .setClientConfig(
                ByteString.copyFromUtf8(
                    "{\"block_list\": null, \"download\": {\"bandwidthLimit\": \"3MiB\"}}"))
            .setSeedClientConfig(ByteString.copyFromUtf8("{\"upload\": "))
            .build();
    manager.name(plain.toBuilder().setSchedulerCluster(cluster).build());
    assertThat(source(false, "one").read()).hasSize(1);
    assertThat(told.download().bandwidthLimit()).hasValue(new ByteSize(3 << 20));

    assertThat(source(true, "one").read()).hasSize(1);
    assertThat(told.download().bandwidthLimit()).as("what is wrong changes nothing").isPresent();

    manager.name(plain);
    assertThat(source(false, "one").read()).hasSize(1);
    assertThat(told).isEqualTo(ClusterRates.NONE);
  }

  private static void announcedTo(StrictScheduler scheduler, int hosts) {
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> assertThat(scheduler.hosts()).hasSize(hosts));
  }

  @Test
  void theManagerIsToldWhoAsks() throws Exception {
    manager.name(scheduler(1, LOCAL, one.port()));
    assertThat(source(false, "one").read()).containsExactly(address(one));
    assertThat(source(true, "one").read()).containsExactly(address(one));

    ListSchedulersRequest peer = manager.requests.getFirst();
    assertThat(peer)
        .isEqualTo(
            ListSchedulersRequest.newBuilder()
                .setSourceType(SourceType.PEER_SOURCE)
                .setHostname("one")
                .setIp(LOCAL)
                .setIdc("idc-1")
                .setLocation("a|b")
                .setVersion("1.0")
                .setSchedulerClusterId(7)
                .build());
    assertThat(manager.requests.get(1).getSourceType()).isEqualTo(SourceType.SEED_PEER_SOURCE);
  }

  @Test
  void theFirstHealthySchedulerDecidesWhichClusterItIs() throws Exception {
    int dead = deadPort();
    try (StrictScheduler other = new StrictScheduler(0)) {
      manager.name(
          scheduler(3, LOCAL, dead),
          scheduler(1, LOCAL, two.port()),
          scheduler(2, LOCAL, other.port()),
          scheduler(1, LOCAL, dead),
          scheduler(1, LOCAL, one.port()),
          scheduler(1, LOCAL, one.port()));
      assertThat(source(false, "one").read()).containsExactly(address(two), address(one));
    }
  }

  @Test
  void aWrongEntryDoesNotCostTheOthers() throws Exception {
    manager.name(
        scheduler(1, "not-an-address", 8002),
        scheduler(1, LOCAL, 0),
        scheduler(1, LOCAL, 70_000),
        scheduler(1, "", 8002),
        scheduler(1, LOCAL, one.port()));
    assertThat(source(false, "one").read()).containsExactly(address(one));
  }

  @Test
  void whatGoesWrongIsSaid() throws Exception {
    assertThatThrownBy(() -> source(false, "one").read())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("names no scheduler");
    int dead = deadPort();
    manager.name(scheduler(1, LOCAL, dead));
    assertThatThrownBy(() -> source(false, "one").read())
        .isInstanceOf(IOException.class)
        .hasMessageContaining(LOCAL + ":" + dead + " is not healthy (UNAVAILABLE)");
    assertThatThrownBy(() -> source(false, "under_score").read())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("INVALID_ARGUMENT");
    manager.fail(Status.UNKNOWN.withDescription("record not found"));
    assertThatThrownBy(() -> source(false, "one").read())
        .isInstanceOf(IOException.class)
        .hasMessageContaining(LOCAL + ":" + manager.port())
        .hasMessageContaining("record not found");
    ManagerSchedulers orphan = source(false, "one");
    manager.close();
    assertThatThrownBy(orphan::read)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("UNAVAILABLE");
  }

  @Test
  void anAddressMayBeAUrl() {
    assertThat(ManagerSchedulers.address("http://manager:65003"))
        .isEqualTo(new HostPort("manager", 65003));
    assertThat(ManagerSchedulers.address("https://[::1]:65003/"))
        .isEqualTo(new HostPort("::1", 65003));
    assertThat(ManagerSchedulers.address("10.0.0.1:65003"))
        .isEqualTo(new HostPort("10.0.0.1", 65003));
    assertThatThrownBy(() -> ManagerSchedulers.address("http://manager"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aDaemonFollowsTheListOfTheManager() throws Exception {
    manager.name(scheduler(1, LOCAL, one.port()));
    Daemon daemon = daemon("http://127.0.0.1:" + manager.port());
    daemon.start();
    announcedTo(one, 1);
    manager.name(scheduler(1, LOCAL, one.port()), scheduler(1, LOCAL, two.port()));
    announcedTo(two, 1);
    await().until(() -> daemon.announcedSchedulers() == 2);
    manager.name(scheduler(1, LOCAL, two.port()));
    await().until(() -> daemon.announcedSchedulers() == 1);
    daemon.close();
    // The one that is not in the list any more is not told.
    assertThat(two.left).containsExactly("127.0.0.1-one");
    assertThat(one.violations).isEmpty();
    assertThat(two.violations).isEmpty();
  }

  @Test
  void aDaemonStartsWithoutAManagerAndFindsItLater() throws Exception {
    int port = manager.port();
    manager.close();
    Daemon daemon = daemon("127.0.0.1:" + port);
    daemon.start();
    assertThat(daemon.announcedSchedulers()).isZero();
    manager = closer.add(new StrictManager(port));
    manager.name(scheduler(1, LOCAL, one.port()));
    announcedTo(one, 1);
  }

  @Test
  void theLastListStaysWhenTheManagerIsAwayOrAllSchedulersAre() throws Exception {
    manager.name(scheduler(1, LOCAL, one.port()));
    Daemon daemon = daemon("http://127.0.0.1:" + manager.port());
    daemon.start();
    announcedTo(one, 1);
    int asked = manager.requests.size();
    manager.fail(Status.INTERNAL.withDescription("database is away"));
    await().atMost(Duration.ofSeconds(60)).until(() -> manager.requests.size() > asked + 2);
    assertThat(daemon.announcedSchedulers()).isEqualTo(1);

    manager.fail(Status.OK);
    manager.name(scheduler(1, LOCAL, deadPort()));
    int later = manager.requests.size();
    await().atMost(Duration.ofSeconds(60)).until(() -> manager.requests.size() > later + 2);
    assertThat(daemon.announcedSchedulers()).isEqualTo(1);

    manager.close();
    assertThat(daemon.announcedSchedulers()).isEqualTo(1);
  }

  @Test
  void anAddressThatCannotBeUsedEndsTheStart() throws Exception {
    Daemon wrong = daemon("http://manager");
    assertThatThrownBy(wrong::start)
        .isInstanceOf(StartException.class)
        .hasMessageContaining("manager.addr");
    Daemon secret = daemon("https://127.0.0.1:65003");
    assertThatThrownBy(secret::start)
        .isInstanceOf(StartException.class)
        .hasMessageContaining("manager.caCert");
  }

  /** A port where connections are refused: bound without listening, so nobody else gets it. */
  private int deadPort() throws IOException {
    SocketChannel held =
        SocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    return closer.add(held).socket().getLocalPort();
  }
}
