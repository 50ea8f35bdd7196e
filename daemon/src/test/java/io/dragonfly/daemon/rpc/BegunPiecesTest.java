package io.dragonfly.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.api.dfdaemon.v2.DfdaemonUploadGrpc;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesRequest;
import io.dragonfly.api.dfdaemon.v2.SyncPiecesResponse;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.rpc.EagerHeaders;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.common.rpc.RpcServer;
import io.dragonfly.daemon.link.ParentInfo;
import io.dragonfly.daemon.link.PieceSync;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TestContent;
import io.dragonfly.daemon.storage.TrafficType;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What children hear of pieces that their parent is still getting. */
final class BegunPiecesTest {
  private static final int BLOCK = 65_536;

  @TempDir private Path temp;
  private final TestContent content = TestContent.of(3 << 20, 1 << 20);
  private final Closer closer = new Closer();
  private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
  private StoredTask task;
  private RpcServer server;
  private RpcChannels channels;
  private ScheduledExecutorService timer;

  @BeforeEach
  void open() throws Exception {
    PieceStore store =
        closer.add(
            PieceStore.open(
                temp.resolve("store"), StoreOptions.defaults(), InstantSource.system()));
    task = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    EventLoops loops = closer.add(new EventLoops("test", 1));
    timer = Executors.newSingleThreadScheduledExecutor();
    closer.add(timer::shutdownNow);
    PieceFollowers followers =
        new PieceFollowers(
            store,
            _ -> true,
            timer,
            timer,
            Duration.ofSeconds(10),
            "10.1.2.3",
            () -> 4005,
            () -> 4006,
            /* seed= */ false);
    server =
        closer.add(
            RpcServer.builder("parent", loops)
                .address("127.0.0.1", 0)
                .interceptor(new CallerExtension())
                .interceptor(
                    EagerHeaders.of(DfdaemonUploadGrpc.getSyncPiecesMethod())
                        .adding(
                            SchedulerCalls.EXTENSION.name(),
                            SchedulerCalls.EXTENSION_VERSION,
                            DfdaemonUploadGrpc.getSyncPiecesMethod()))
                .service(
                    new DfdaemonUploadGrpc.DfdaemonUploadImplBase() {
                      @Override
                      public void syncPieces(
                          SyncPiecesRequest request, StreamObserver<SyncPiecesResponse> answers) {
                        followers.follow(
                            request,
                            CallerExtension.isSpoken(),
                            (ServerCallStreamObserver<SyncPiecesResponse>) answers);
                      }
                    })
                .build());
    server.start();
    channels = closer.add(RpcChannels.plaintext(loops));
  }

  @AfterEach
  void close() {
    closer.close();
  }

  private PieceEditor shared(int number) {
    PieceEditor editor = task.edit(number).orElseThrow();
    editor.expect(content.hashes(number));
    editor.share();
    return editor;
  }

  private void finish(PieceEditor editor) throws Exception {
    editor.write(ByteBuffer.wrap(content.piece(editor.number())));
    var _ =
        editor.commit(
            Optional.of(content.root(editor.number())),
            Optional.empty(),
            TrafficType.REMOTE_PEER,
            "grandparent",
            TestContent.COST);
    editor.close();
  }

  private final class Heard implements PieceSync.Listener {
    @Override
    public void features(boolean extension) {
      heard.add(extension ? "ours" : "upstream");
    }

    @Override
    public void piece(int number, long offset, long length, String ip, int tcpPort) {
      heard.add("piece " + number + " of " + length);
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

  private String next() throws InterruptedException {
    return String.valueOf(heard.poll(20, TimeUnit.SECONDS));
  }

  @Test
  void aChildOfOursHearsOfAPieceWhenItBeginsAndWhenItIsWhole() throws Exception {
    PieceEditor before = shared(2);
    BitSet interested = new BitSet();
    interested.set(0, 3);
    try (AutoCloseable _ =
        new ParentFollowing(
                channels, new HostId("self"), /* quic= */ false, Duration.ofMinutes(1), timer)
            .follow(
                new ParentInfo(new PeerId("p"), new HostId("h"), "127.0.0.1", server.port(), false),
                TestContent.KEY,
                interested,
                new Heard())) {
      assertThat(next()).isEqualTo("ours");
      assertThat(next()).isEqualTo("begun 2 at 10.1.2.3:4005");
      finish(shared(0));
      List<String> both = List.of(next(), next());
      assertThat(both).containsExactly("begun 0 at 10.1.2.3:4005", "piece 0 of 1048576");
      // Given up, and begun once more.
      before.close();
      finish(shared(2));
      assertThat(next()).isEqualTo("begun 2 at 10.1.2.3:4005");
      assertThat(next()).isEqualTo("piece 2 of 1048576");
      var _ = content.store(task, 1);
      assertThat(next()).isEqualTo("piece 1 of 1048576");
      assertThat(next()).isEqualTo("ended");
    }
  }

  @Test
  void anUpstreamChildHearsOfWholePiecesOnly() throws Exception {
    PieceEditor piece = shared(0);
    piece.write(ByteBuffer.wrap(content.piece(0), 0, BLOCK));
    piece.close();
    PieceEditor again = shared(0);
    Iterator<SyncPiecesResponse> answers =
        DfdaemonUploadGrpc.newBlockingStub(
                SchedulerCalls.channel(
                    channels,
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port())))
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .syncPieces(
                SyncPiecesRequest.newBuilder()
                    .setHostId("upstream")
                    .setTaskId(TestContent.KEY.id().value())
                    .addInterestedPieceNumbers(0)
                    .build());
    again.write(ByteBuffer.wrap(content.piece(0), BLOCK, content.piece(0).length - BLOCK));
    var _ =
        again.commit(
            Optional.of(content.root(0)),
            Optional.empty(),
            TrafficType.REMOTE_PEER,
            "grandparent",
            TestContent.COST);
    again.close();
    List<Long> lengths = new ArrayList<>();
    answers.forEachRemaining(answer -> lengths.add(answer.getLength()));
    assertThat(lengths).containsExactly(1L << 20);
  }
}
