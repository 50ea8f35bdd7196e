package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Empty;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.dfdaemon.v2.DfdaemonDownloadGrpc;
import io.dragonfly.api.scheduler.v2.AnnouncePeerRequest.RequestCase;
import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Daemons under a scheduler that is as strict as the Go one. */
class DaemonWithSchedulerTest {
  private static final int LENGTH = 3 * (4 << 20) + 99;

  @TempDir Path dir;
  private final Closer closer = new Closer();
  private WholeOrigin origin;
  private StrictScheduler scheduler;

  @BeforeEach
  void start() throws Exception {
    origin = closer.add(new WholeOrigin(LENGTH));
    scheduler = closer.add(new StrictScheduler(0));
    name(scheduler.port());
  }

  private void name(int port) throws IOException {
    Files.writeString(
        dir.resolve("dynconfig.yaml"), "scheduler: {addrs: ['127.0.0.1:" + port + "']}");
  }

  @AfterEach
  void stop() {
    closer.close();
    assertThat(scheduler.violations).isEmpty();
  }

  private Daemon start(String name) throws Exception {
    Daemon daemon =
        closer.add(new Daemon(DaemonTest.config(dir, name), dir.resolve("dynconfig.yaml")));
    daemon.start();
    return daemon;
  }

  private Daemon startAnnounced(String name) throws Exception {
    Daemon daemon = start(name);
    await().until(() -> daemon.announcedSchedulers() == 1);
    return daemon;
  }

  private String download(Daemon daemon, Path output) throws IOException {
    try (SocketChannel client =
        SocketChannel.open(UnixDomainSocketAddress.of(daemon.socketPath()))) {
      client.write(
          ByteBuffer.wrap(
              ("DRAGONFLY/1 DOWNLOAD\nurl: " + origin.url() + "\noutput: " + output + "\n\n")
                  .getBytes(UTF_8)));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
      while (client.read(buffer) >= 0) {
        out.write(buffer.array(), 0, buffer.position());
        buffer.clear();
      }
      return out.toString(UTF_8);
    }
  }

  @Test
  void theFirstReadsTheOriginAndTheSecondReadsTheFirst() throws Exception {
    Daemon one = startAnnounced("one");
    Daemon two = startAnnounced("two");

    assertThat(download(one, dir.resolve("a"))).contains(" origin=" + LENGTH + "\n");
    await()
        .untilAsserted(() ->
            assertThat(scheduler.cases("127.0.0.1-one"))
                .startsWith(
                    RequestCase.REGISTER_PEER_REQUEST,
                    RequestCase.DOWNLOAD_PEER_BACK_TO_SOURCE_STARTED_REQUEST)
                .endsWith(RequestCase.DOWNLOAD_PEER_BACK_TO_SOURCE_FINISHED_REQUEST));

    assertThat(download(two, dir.resolve("b"))).contains(" peers=" + LENGTH + " seed=0 origin=0");
    assertThat(dir.resolve("b")).hasBinaryContent(origin.content());
    await()
        .untilAsserted(() ->
            assertThat(scheduler.cases("127.0.0.1-two"))
                .startsWith(
                    RequestCase.REGISTER_PEER_REQUEST, RequestCase.DOWNLOAD_PEER_STARTED_REQUEST)
                .contains(RequestCase.DOWNLOAD_PIECE_FINISHED_REQUEST)
                .endsWith(RequestCase.DOWNLOAD_PEER_FINISHED_REQUEST));
    assertThat(two.traffic()).isEqualTo(new Daemon.Traffic(0, LENGTH, 0, 0));
  }

  @Test
  void aHostIsAnnouncedWithWhatASchedulerNeedsAndTakesItsLeave() throws Exception {
    Daemon one = startAnnounced("one");
    Host host = scheduler.hosts().getFirst();
    assertThat(host.getId()).isEqualTo("127.0.0.1-one");
    assertThat(host.getIp()).isEqualTo("127.0.0.1");
    assertThat(host.getPort()).isEqualTo(one.uploadPort());
    assertThat(host.getType()).isZero();
    assertThat(host.getMemory().getTotal()).isPositive();
    assertThat(host.getDisk().getTotal()).isPositive();
    one.close();
    assertThat(scheduler.left).containsExactly("127.0.0.1-one");
  }

  @Test
  void aHostMayTakeItsLeaveTwice() throws Exception {
    Daemon one = startAnnounced("one");
    RpcChannels channels = closer.add(RpcChannels.plaintext(closer.add(new EventLoops("test", 1))));
    for (int times = 0; times < 2; times++) {
      Empty answer =
          DfdaemonDownloadGrpc.newBlockingStub(channels.channel(one.socketPath()))
              .withDeadlineAfter(60, TimeUnit.SECONDS)
              .deleteHost(Empty.getDefaultInstance());
      assertThat(answer).isEqualTo(Empty.getDefaultInstance());
      assertThat(scheduler.left).containsExactly("127.0.0.1-one");
    }
  }

  @Test
  void aSchedulerThatForgotTheHostIsToldAgainAndTheDownloadRegisters() throws Exception {
    Daemon one = startAnnounced("one");
    scheduler.forgetHosts();
    assertThat(download(one, dir.resolve("a"))).contains("\ndone bytes=" + LENGTH);
    await()
        .untilAsserted(() ->
            assertThat(scheduler.cases("127.0.0.1-one"))
                .endsWith(RequestCase.DOWNLOAD_PEER_BACK_TO_SOURCE_FINISHED_REQUEST));
    assertThat(scheduler.hosts()).hasSize(1);
  }

  @Test
  void aDaemonStartsWithoutASchedulerAndFindsItLater() throws Exception {
    int port = scheduler.port();
    scheduler.close();
    Daemon one = start("one");
    assertThat(download(one, dir.resolve("a"))).contains("\ndone bytes=" + LENGTH);
    assertThat(one.announcedSchedulers()).isZero();
    scheduler = closer.add(new StrictScheduler(port));
    await().atMost(Duration.ofSeconds(60)).until(() -> one.announcedSchedulers() == 1);
  }

  @Test
  void theNextSchedulerIsUsedWhenOneStandsStill() throws Exception {
    StallingRelay relay = closer.add(new StallingRelay(scheduler.port()));
    StrictScheduler other = closer.add(new StrictScheduler(0));
    StallingRelay way = closer.add(new StallingRelay(other.port()));
    Files.writeString(
        dir.resolve("dynconfig.yaml"),
        "scheduler: {addrs: ['127.0.0.1:%d', '127.0.0.1:%d']}".formatted(relay.port(), way.port()));
    Daemon one = start("one");
    await().until(() -> one.announcedSchedulers() == 2);

    assertThat(download(one, dir.resolve("a"))).contains("\ndone bytes=" + LENGTH);
    boolean firstPicked = !scheduler.cases("127.0.0.1-one").isEmpty();
    Daemon two = start("two");
    await().until(() -> two.announcedSchedulers() == 2);
    (firstPicked ? relay : way).stall();
    StrictScheduler next = firstPicked ? other : scheduler;
    assertThat(next.cases("127.0.0.1-two")).isEmpty();

    assertThat(download(two, dir.resolve("b"))).contains("\ndone bytes=" + LENGTH);

    assertThat(dir.resolve("b")).hasBinaryContent(origin.content());
    assertThat(next.cases("127.0.0.1-two")).startsWith(RequestCase.REGISTER_PEER_REQUEST);
  }

  @Test
  void aSchedulerThatIsAddedToTheFileIsAnnouncedTo() throws Exception {
    Daemon one = startAnnounced("one");
    try (StrictScheduler second = new StrictScheduler(0)) {
      Files.writeString(
          dir.resolve("dynconfig.yaml"),
          "scheduler: {addrs: ['127.0.0.1:%d', '127.0.0.1:%d']}"
              .formatted(scheduler.port(), second.port()));
      await().until(() -> one.announcedSchedulers() == 2);
      assertThat(second.hosts()).hasSize(1);
      name(second.port());
      await().until(() -> one.announcedSchedulers() == 1);
    }
  }
}
