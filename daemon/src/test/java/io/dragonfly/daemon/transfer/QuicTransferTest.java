package io.dragonfly.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.limit.FairBucket;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.PieceView;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TestContent;
import io.dragonfly.daemon.storage.TrafficType;
import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A parent's and a child's store with QUIC between them, over loopback. */
@Timeout(60)
final class QuicTransferTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final FetchLimits PATIENT = new FetchLimits(LONG, LONG, LONG, 0);

  @TempDir private Path temp;
  private final TestContent content = TestContent.of(9_000_000, 4 << 20);
  private final EventLoops loops = new EventLoops("quic", 2);
  private PieceStore parentStore;
  private PieceStore childStore;
  private StoredTask parentTask;
  private QuicPieceServer server;
  private PieceClient client;
  private int port;

  @BeforeEach
  void open() throws IOException {
    parentStore =
        PieceStore.open(temp.resolve("parent"), StoreOptions.defaults(), InstantSource.system());
    childStore =
        PieceStore.open(temp.resolve("child"), StoreOptions.defaults(), InstantSource.system());
    parentTask = content.storeAll(parentStore);
    server = server(FairBucket.ofRate(FairBucket.UNLIMITED));
    client = client();
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    server.close();
    childStore.close();
    parentStore.close();
    loops.close();
  }

  private QuicPieceServer server(FairBucket limit) throws IOException {
    QuicPieceServer made =
        new QuicPieceServer(
            parentStore,
            PieceServerOptions.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .withUpload(limit),
            loops);
    made.start();
    port = made.port();
    return made;
  }

  private PieceClient client() {
    return new PieceClient(PieceClientOptions.defaults(), Optional.of(new QuicConnections(loops)));
  }

  private StoredTask childTask() throws IOException {
    return childStore.create(TestContent.KEY, TestContent.ORIGIN, content.info());
  }

  private StoredPiece fetch(
      StoredTask task, int number, Optional<PieceRoot> root, FetchLimits limits)
      throws TransferException {
    try (PieceEditor editor = task.edit(number).orElseThrow()) {
      return client.fetch(
          new ParentAddress("127.0.0.1", port, /* extension= */ true),
          task,
          editor,
          root,
          TrafficType.REMOTE_PEER,
          "parent-peer",
          limits,
          new Cancellation());
    }
  }

  private void assertSame(StoredTask task, int number) throws IOException {
    try (PieceView view = task.view(number)) {
      assertThat(TestContent.read(view)).isEqualTo(content.piece(number));
    }
  }

  @Test
  void thisMachineHasQuic() {
    assertThat(QuicPieceServer.isSupported()).isTrue();
  }

  @Test
  void aPieceComesWholeOrByBlocks() throws IOException {
    for (boolean rooted : new boolean[] {false, true}) {
      StoredTask task = childTask();
      for (int number = 0; number < 3; number++) {
        Optional<PieceRoot> root = rooted ? Optional.of(content.root(number)) : Optional.empty();
        StoredPiece piece = fetch(task, number, root, PATIENT);
        assertThat(piece.crc32()).isEqualTo(Digest.crc32(content.crc(number)));
        assertSame(task, number);
      }
      assertThat(task.isComplete()).isTrue();
    }
    await().until(() -> parentTask.uploadingCount() == 0);
    assertThat(parentTask.uploadedCount()).isEqualTo(6);
    assertThat(server.bytes()).isEqualTo(2 * 9_000_000);
  }

  @Test
  void piecesShareAConnection() throws Exception {
    StoredTask task = childTask();
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      List<Future<StoredPiece>> pieces = new ArrayList<>();
      for (int number = 0; number < 3; number++) {
        int piece = number;
        pieces.add(
            threads.submit(() -> fetch(task, piece, Optional.of(content.root(piece)), PATIENT)));
      }
      for (Future<StoredPiece> piece : pieces) {
        assertThat(piece.get().length()).isPositive();
      }
    }
    assertThat(task.isComplete()).isTrue();
  }

  @Test
  void whatTheParentLacksIsMissing() throws IOException {
    parentStore.delete(TestContent.KEY);
    StoredTask task = childTask();
    TransferException failure =
        catchThrowableOfType(
            TransferException.class, () -> fetch(task, 0, Optional.empty(), PATIENT));
    assertThat(failure.reason()).isEqualTo(Reason.MISSING);
  }

  @Test
  void anotherConnectionIsMadeWhenTheParentWasStartedAnew() throws IOException {
    StoredTask task = childTask();
    fetch(task, 0, Optional.of(content.root(0)), PATIENT);
    server.close();
    server = server(FairBucket.ofRate(FairBucket.UNLIMITED));
    fetch(task, 1, Optional.of(content.root(1)), PATIENT);
    assertSame(task, 1);
  }

  @Test
  void nobodyThereIsUnreachable() throws IOException {
    server.close();
    StoredTask task = childTask();
    FetchLimits hasty = new FetchLimits(Duration.ofMillis(300), LONG, LONG, 0);
    TransferException failure =
        catchThrowableOfType(
            TransferException.class, () -> fetch(task, 0, Optional.empty(), hasty));
    assertThat(failure.reason()).isEqualTo(Reason.UNREACHABLE);
  }

  @Test
  void aParentThatIsSlowerThanOurPatienceHasStalledAndKeepsNothingOpen() throws IOException {
    server.close();
    server = server(FairBucket.ofRate(1000));
    StoredTask task = childTask();
    FetchLimits hasty = new FetchLimits(LONG, LONG, Duration.ofMillis(300), 0);
    TransferException failure =
        catchThrowableOfType(
            TransferException.class, () -> fetch(task, 0, Optional.empty(), hasty));
    assertThat(failure.reason()).isEqualTo(Reason.STALLED);
    server.close();
    await().until(() -> parentTask.uploadingCount() == 0);
  }

  @Test
  void packetsThatAreNoQuicDoNotHinderOthers() throws IOException {
    try (DatagramSocket noise = new DatagramSocket()) {
      byte[] bytes = ByteBuffer.allocate(100).putInt(0xC0FFEE00).array();
      for (int i = 0; i < 100; i++) {
        noise.send(new DatagramPacket(bytes, i, InetAddress.getLoopbackAddress(), server.port()));
      }
    }
    StoredTask task = childTask();
    fetch(task, 0, Optional.of(content.root(0)), PATIENT);
    assertSame(task, 0);
  }
}
