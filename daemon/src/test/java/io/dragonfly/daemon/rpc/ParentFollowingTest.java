package io.dragonfly.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesResponse;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.common.rpc.RpcServer;
import io.dragonfly.daemon.link.ParentInfo;
import io.dragonfly.daemon.link.PieceSync;
import io.dragonfly.daemon.storage.Kind;
import io.dragonfly.daemon.storage.TaskKey;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ParentFollowingTest {
  private static final TaskKey TASK = new TaskKey(Kind.TASK, new TaskId("0123456789abcdef"));

  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);

  @AfterEach
  void stop() {
    timer.shutdownNow();
  }

  /** Tells of three pieces, then of nothing. */
  private static final class FallingSilent extends DfdaemonUploadGrpc.DfdaemonUploadImplBase {
    final CountDownLatch left = new CountDownLatch(1);

    @Override
    public void syncPieces(
        SyncPiecesRequest request, StreamObserver<SyncPiecesResponse> responses) {
      ((ServerCallStreamObserver<SyncPiecesResponse>) responses)
          .setOnCancelHandler(left::countDown);
      for (int number = 0; number < 3; number++) {
        responses.onNext(
            SyncPiecesResponse.newBuilder()
                .setNumber(number)
                .setIp("127.0.0.1")
                .setTcpPort(4005)
                .build());
      }
    }
  }

  @Test
  void aParentThatFallsSilentFails() throws Exception {
    timer.setRemoveOnCancelPolicy(true);
    FallingSilent parent = new FallingSilent();
    BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    try (EventLoops loops = new EventLoops("test", 1);
        RpcChannels channels = RpcChannels.plaintext(loops);
        RpcServer server =
            RpcServer.builder("parent", loops).address("127.0.0.1", 0).service(parent).build()) {
      server.start();
      ParentFollowing following =
          new ParentFollowing(
              channels, new HostId("self"), /* quic= */ false, Duration.ofMillis(500), timer);
      try (AutoCloseable _ =
          following.follow(
              new ParentInfo(new PeerId("p"), new HostId("h"), "127.0.0.1", server.port(), false),
              TASK,
              new BitSet(),
              new Recorder(heard))) {
        assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo("features");
        for (int number = 0; number < 3; number++) {
          assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo("piece " + number);
        }
        assertThat(heard.poll(20, TimeUnit.SECONDS))
            .startsWith("failed ")
            .contains("500 ms", "download.collectedPieceTimeout");
        assertThat(parent.left.await(20, TimeUnit.SECONDS)).isTrue();
      }
    }
    assertThat(heard).isEmpty();
    assertThat(timer.getQueue()).isEmpty();
  }

  @Test
  void whatIsClosedIsNotWatchedAnyMore() throws Exception {
    timer.setRemoveOnCancelPolicy(true);
    FallingSilent parent = new FallingSilent();
    BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    try (EventLoops loops = new EventLoops("test", 1);
        RpcChannels channels = RpcChannels.plaintext(loops);
        RpcServer server =
            RpcServer.builder("parent", loops).address("127.0.0.1", 0).service(parent).build()) {
      server.start();
      AutoCloseable call =
          new ParentFollowing(
                  channels, new HostId("self"), /* quic= */ false, Duration.ofMinutes(6), timer)
              .follow(
                  new ParentInfo(
                      new PeerId("p"), new HostId("h"), "127.0.0.1", server.port(), false),
                  TASK,
                  new BitSet(),
                  new Recorder(heard));
      assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo("features");
      assertThat(timer.getQueue()).hasSize(1);
      call.close();
      assertThat(timer.getQueue()).isEmpty();
    }
  }

  /** Writes down what is heard. */
  private record Recorder(BlockingQueue<String> heard) implements PieceSync.Listener {
    @Override
    public void features(boolean extension) {
      heard.add("features");
    }

    @Override
    public void piece(int number, long offset, long length, String ip, int tcpPort) {
      heard.add("piece " + number);
    }

    @Override
    public void begun(int number, String ip, int tcpPort) {
      heard.add("begun " + number + " at " + ip + ":" + tcpPort);
    }

    @Override
    public void ended() {
      heard.add("ended");
    }

    @Override
    public void failed(String why) {
      heard.add("failed " + why);
    }
  }

  private static List<String> failures(ParentFollowing following, String ip, int port)
      throws Exception {
    BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    ParentInfo parent = new ParentInfo(new PeerId("p"), new HostId("h"), ip, port, false);
    following.follow(parent, TASK, new BitSet(), new Recorder(heard)).close();
    return List.copyOf(heard);
  }

  @Test
  void aParentWithAnAddressThatIsNoneFailsAlone() throws Exception {
    try (EventLoops loops = new EventLoops("test", 1);
        RpcChannels channels = RpcChannels.plaintext(loops)) {
      ParentFollowing following =
          new ParentFollowing(
              channels, new HostId("self"), /* quic= */ false, Duration.ofMinutes(6), timer);
      assertThat(failures(following, "", 4000)).singleElement().asString().contains("address");
      assertThat(failures(following, "127.0.0.1", 70_000))
          .singleElement()
          .asString()
          .contains("70000");
    }
  }
}
