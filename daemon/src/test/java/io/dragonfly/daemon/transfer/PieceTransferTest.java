package io.dragonfly.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.limit.FairBucket;
import io.dragonfly.common.limit.Pace;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.PieceView;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import io.dragonfly.daemon.storage.TestContent;
import io.dragonfly.daemon.storage.TrafficType;
import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A parent's store and server, a child's store and client, over loopback. */
final class PieceTransferTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final FetchLimits PATIENT = new FetchLimits(LONG, LONG, LONG, 0);
  private static final FetchLimits HASTY =
      new FetchLimits(LONG, Duration.ofMillis(300), Duration.ofMillis(300), 0);

  @TempDir private Path temp;
  private final TestContent content = TestContent.of(5_000_000, 4 << 20);
  private PieceStore parentStore;
  private PieceStore childStore;
  private StoredTask parentTask;
  private PieceServer server;
  private PieceClient client;

  @BeforeEach
  void open() throws IOException {
    parentStore =
        PieceStore.open(temp.resolve("parent"), StoreOptions.defaults(), InstantSource.system());
    childStore =
        PieceStore.open(temp.resolve("child"), StoreOptions.defaults(), InstantSource.system());
    parentTask = content.storeAll(parentStore);
    server = new PieceServer(parentStore, options());
    server.start();
    client = new PieceClient(PieceClientOptions.defaults());
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    server.close();
    childStore.close();
    parentStore.close();
  }

  private static PieceServerOptions options() {
    return PieceServerOptions.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  private StoredTask childTask() throws IOException {
    return childStore.create(TestContent.KEY, TestContent.ORIGIN, content.info());
  }

  private ParentAddress parent(boolean extension) {
    return new ParentAddress("127.0.0.1", server.port(), extension);
  }

  private StoredPiece fetch(
      ParentAddress parent,
      StoredTask task,
      int number,
      Optional<PieceRoot> root,
      FetchLimits limits)
      throws TransferException {
    try (PieceEditor editor = task.edit(number).orElseThrow()) {
      return client.fetch(
          parent,
          task,
          editor,
          root,
          TrafficType.REMOTE_PEER,
          "parent-peer",
          limits,
          new Cancellation());
    }
  }

  /** Fetches piece 0 as fast as the pace allows; its bytes are told as they arrive. */
  private void fetchFirst(StoredTask task, Pace pace, LongConsumer arrived)
      throws TransferException {
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      var _ =
          client.fetch(
              parent(true),
              task,
              editor,
              task.layout().blocks(editor.number()),
              Optional.of(content.root(0)),
              TrafficType.REMOTE_PEER,
              "peer",
              PATIENT,
              pace,
              new Cancellation(),
              arrived);
    }
  }

  private Reason reasonOf(
      FakeParent parent, StoredTask task, Optional<PieceRoot> root, FetchLimits limits) {
    TransferException failure =
        catchThrowableOfType(
            TransferException.class, () -> fetch(parent.address(true), task, 0, root, limits));
    assertThat(failure)
        .isNotNull()
        .hasMessageContaining("piece 0")
        .hasMessageContaining("127.0.0.1");
    return failure.reason();
  }

  private void assertSame(StoredTask task, int number) throws IOException {
    try (PieceView view = task.view(number)) {
      assertThat(TestContent.read(view)).isEqualTo(content.piece(number));
    }
  }

  @Test
  void aPieceComesFromAParentOfEitherKind() throws IOException {
    for (boolean extension : new boolean[] {false, true}) {
      for (boolean rooted : new boolean[] {false, true}) {
        StoredTask task = childTask();
        for (int number = 0; number < 2; number++) {
          Optional<PieceRoot> root = rooted ? Optional.of(content.root(number)) : Optional.empty();
          StoredPiece piece = fetch(parent(extension), task, number, root, PATIENT);
          assertThat(piece.crc32()).isEqualTo(Digest.crc32(content.crc(number)));
          assertThat(piece.root()).isEqualTo(root);
          assertThat(piece.parentId()).isEqualTo("parent-peer");
          assertSame(task, number);
        }
        assertThat(task.isComplete()).isTrue();
      }
    }
    Sent.bytes(server, 4 * 5_000_000);
    await().atMost(LONG).until(() -> parentTask.uploadingCount() == 0);
    assertThat(parentTask.uploadedCount()).isEqualTo(8);
    await().atMost(LONG).until(() -> server.activity().pieces() == 8);
  }

  @Test
  void bothWaysOfSendingSendTheSame() throws IOException {
    server.close();
    for (ContentSender sender : ContentSender.values()) {
      server = new PieceServer(parentStore, options(), sender);
      server.start();
      StoredTask task = childTask();
      var _ = fetch(parent(true), task, 0, Optional.of(content.root(0)), PATIENT);
      var _ = fetch(parent(false), task, 1, Optional.empty(), PATIENT);
      assertSame(task, 0);
      assertSame(task, 1);
      server.close();
    }
  }

  @Test
  void connectionsToOurServersAreKeptAndReplacedWhenStale() throws IOException {
    StoredTask task = childTask();
    Optional<PieceRoot> root = Optional.of(content.root(0));
    var _ = fetch(parent(true), task, 0, root, PATIENT);
    await().atMost(LONG).until(() -> server.activity().connections() == 1);
    int port = server.port();
    server.close();
    server =
        new PieceServer(
            parentStore,
            PieceServerOptions.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
    server.start();
    StoredTask again = childTask();
    var _ = fetch(parent(true), again, 0, root, PATIENT);
    var _ = fetch(parent(true), again, 1, Optional.of(content.root(1)), PATIENT);
    assertSame(again, 1);
    assertThat(server.activity().connections()).isEqualTo(1);
  }

  @Test
  void severalChildrenAreServedAtOnce() throws Exception {
    server.close();
    server = new PieceServer(parentStore, options().withThreads(2));
    server.start();
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<StoredPiece>> pieces = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        TaskKey key = TestContent.KEY;
        PieceStore store =
            PieceStore.open(
                temp.resolve("child" + i), StoreOptions.defaults(), InstantSource.system());
        StoredTask task = store.create(key, TestContent.ORIGIN, content.info());
        boolean extension = i % 2 == 0;
        pieces.add(
            threads.submit(() -> {
              try (store) {
                return fetch(parent(extension), task, 0, Optional.of(content.root(0)), PATIENT);
              }
            }));
      }
      for (Future<StoredPiece> piece : pieces) {
        assertThat(piece.get(60, TimeUnit.SECONDS).root()).contains(content.root(0));
      }
    }
  }

  @Test
  void whatTheParentLacksIsMissing() throws IOException {
    StoredTask task = childTask();
    assertThat(parentStore.delete(TestContent.KEY)).isTrue();
    for (boolean extension : new boolean[] {false, true}) {
      assertThatThrownBy(
              () -> fetch(parent(extension), task, 0, Optional.of(content.root(0)), PATIENT))
          .isInstanceOfSatisfying(
              TransferException.class, e -> assertThat(e.reason()).isEqualTo(Reason.MISSING));
    }
    StoredTask partly = parentStore.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    var _ = content.store(partly, 1);
    assertThatThrownBy(() -> fetch(parent(true), task, 0, Optional.of(content.root(0)), PATIENT))
        .hasMessageContaining("no piece 0");
  }

  @Test
  void anotherVersionIsMissing() throws IOException {
    ContentInfo other = ContentInfo.of(5_000_000, 4 << 20, "v2", Map.of());
    StoredTask task = childStore.create(TestContent.KEY, TestContent.ORIGIN, other);
    assertThatThrownBy(() -> fetch(parent(true), task, 0, Optional.of(content.root(0)), PATIENT))
        .hasMessageContaining("another version")
        .isInstanceOfSatisfying(
            TransferException.class, e -> assertThat(e.reason()).isEqualTo(Reason.MISSING));
  }

  @Test
  void wrongBytesWithAMatchingChecksumAreCaughtByTheRoot() throws IOException {
    byte[] wrong = content.piece(0);
    wrong[1_000_000] ^= 1;
    StoredTask task = childTask();
    try (FakeParent parent = FakeParent.answeringPieces(content, 0, wrong)) {
      TransferException failure =
          catchThrowableOfType(
              TransferException.class,
              () -> fetch(parent.address(false), task, 0, Optional.of(content.root(0)), PATIENT));
      assertThat(failure.reason()).isEqualTo(Reason.CORRUPT);
      assertThat(task.hasPiece(0)).isFalse();
      // Without a root this can't be seen: the checksum is the parent's own.
      var _ = fetch(parent.address(false), task, 0, Optional.empty(), PATIENT);
    }
  }

  @Test
  void bytesThatDifferFromTheParentsOwnChecksumAreCorrupt() throws IOException {
    byte[] wrong = content.piece(0);
    wrong[77] ^= 1;
    StoredTask task = childTask();
    try (FakeParent parent =
        new FakeParent(
            74,
            FakeParent.pieceHead(0, 0, wrong.length, "crc32:" + content.crc(0)),
            wrong,
            FakeParent.End.CLOSE)) {
      TransferException failure =
          catchThrowableOfType(
              TransferException.class,
              () -> fetch(parent.address(false), task, 0, Optional.empty(), PATIENT));
      assertThat(failure.reason()).isEqualTo(Reason.CORRUPT);
      assertThat(failure).hasMessageContaining("crc32");
    }
  }

  @Test
  void aParentThatAnswersSomethingElseIsCorrupt() throws IOException {
    byte[] piece = content.piece(0);
    String crc = "crc32:" + content.crc(0);
    List<byte[]> lies =
        List.of(
            FakeParent.pieceHead(1, 0, piece.length, crc),
            FakeParent.pieceHead(0, 1, piece.length, crc),
            FakeParent.pieceHead(0, 0, piece.length - 1, crc),
            FakeParent.pieceHead(0, 0, -1, crc),
            FakeParent.pieceHead(0, 0, piece.length, "md5:00"),
            new byte[] {0, 1, -1, -1, -1, -1},
            new byte[] {0, 9, 0, 0, 0, 49});
    StoredTask task = childTask();
    for (byte[] head : lies) {
      try (FakeParent parent = new FakeParent(74, head, piece, FakeParent.End.CLOSE)) {
        assertThat(reasonOf(parent, task, Optional.empty(), PATIENT)).isEqualTo(Reason.CORRUPT);
      }
    }
    assertThat(task.hasPiece(0)).isFalse();
  }

  @Test
  void hashesThatDoNotBelongToTheRootAreCorrupt() throws IOException {
    TestContent other = TestContent.of(4 << 20, 4 << 20);
    StoredTask task = childTask();
    byte[] head = FakeParent.blocksHead(0, 0, 64, 4 << 20, other.hashes(0));
    int request = 6 + 17 + 64;
    try (FakeParent parent = new FakeParent(request, head, other.piece(0), FakeParent.End.CLOSE)) {
      assertThat(reasonOf(parent, task, Optional.of(content.root(0)), PATIENT))
          .isEqualTo(Reason.CORRUPT);
    }
  }

  @Test
  void aPieceGoesOnWithAnotherParentBehindTheLastVerifiedBlock() throws IOException {
    byte[] piece = content.piece(0);
    StoredTask task = childTask();
    Optional<PieceRoot> root = Optional.of(content.root(0));
    byte[] head = FakeParent.blocksHead(0, 0, 64, piece.length, content.hashes(0));
    byte[] begun = Arrays.copyOf(piece, 40 * 65_536 + 17);
    int request = 6 + 17 + 64;
    try (FakeParent dying = new FakeParent(request, head, begun, FakeParent.End.CLOSE)) {
      assertThat(reasonOf(dying, task, root, PATIENT)).isEqualTo(Reason.UNREACHABLE);
    }
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      assertThat(editor.missingBlocks().first()).isEqualTo(40);
    }
    var _ = fetch(parent(true), task, 0, root, PATIENT);
    Sent.bytes(server, 24 * 65_536);
    assertSame(task, 0);
  }

  @Test
  void anUpstreamParentCanFinishWhatAParentOfOursBegan() throws IOException {
    byte[] piece = content.piece(0);
    StoredTask task = childTask();
    Optional<PieceRoot> root = Optional.of(content.root(0));
    byte[] head = FakeParent.blocksHead(0, 0, 64, piece.length, content.hashes(0));
    byte[] wrong = piece.clone();
    wrong[20 * 65_536] ^= 1;
    try (FakeParent lying = new FakeParent(6 + 17 + 64, head, wrong, FakeParent.End.HOLD)) {
      assertThat(reasonOf(lying, task, root, PATIENT)).isEqualTo(Reason.CORRUPT);
    }
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      assertThat(editor.missingBlocks().first()).isEqualTo(20);
    }
    StoredPiece stored = fetch(parent(false), task, 0, root, PATIENT);
    assertThat(stored.crc32()).isEqualTo(Digest.crc32(content.crc(0)));
    assertSame(task, 0);
  }

  @Test
  void aSilentParentIsStalled() throws IOException {
    StoredTask task = childTask();
    byte[] piece = content.piece(0);
    try (FakeParent mute = new FakeParent(74, new byte[0], new byte[0], FakeParent.End.HOLD)) {
      assertThat(reasonOf(mute, task, Optional.empty(), HASTY)).isEqualTo(Reason.STALLED);
    }
    try (FakeParent stuck =
        new FakeParent(
            74,
            FakeParent.pieceHead(0, 0, piece.length, ""),
            Arrays.copyOf(piece, 100_000),
            FakeParent.End.HOLD)) {
      assertThat(reasonOf(stuck, task, Optional.empty(), HASTY)).isEqualTo(Reason.STALLED);
    }
  }

  @Test
  void aParentBelowTheMinimumRateIsStalled() throws IOException {
    StoredTask task = childTask();
    byte[] piece = content.piece(0);
    FetchLimits limits = new FetchLimits(LONG, LONG, Duration.ofMillis(500), 10_000_000);
    try (FakeParent slow =
        new FakeParent(
            74,
            FakeParent.pieceHead(0, 0, piece.length, ""),
            piece,
            FakeParent.End.CLOSE,
            Duration.ofMillis(20))) {
      TransferException failure =
          catchThrowableOfType(
              TransferException.class,
              () -> fetch(slow.address(false), task, 0, Optional.empty(), limits));
      assertThat(failure.reason()).isEqualTo(Reason.STALLED);
      assertThat(failure).hasMessageContaining("slower");
    }
  }

  @Test
  void nobodyListeningIsUnreachable() throws IOException {
    StoredTask task = childTask();
    int port = server.port();
    server.close();
    assertThatThrownBy(() ->
            fetch(new ParentAddress("127.0.0.1", port, true), task, 0, Optional.empty(), PATIENT))
        .isInstanceOfSatisfying(
            TransferException.class, e -> assertThat(e.reason()).isEqualTo(Reason.UNREACHABLE));
  }

  @Test
  void cancellingEndsAFetchThatWaits() throws Exception {
    StoredTask task = childTask();
    Cancellation cancellation = new Cancellation();
    try (FakeParent mute = new FakeParent(74, new byte[0], new byte[0], FakeParent.End.HOLD);
        PieceEditor editor = task.edit(0).orElseThrow();
        ExecutorService thread = Executors.newSingleThreadExecutor()) {
      Future<TransferException> failure =
          thread.submit(() ->
              catchThrowableOfType(
                  TransferException.class,
                  () ->
                      client.fetch(
                          mute.address(false),
                          task,
                          editor,
                          Optional.empty(),
                          TrafficType.REMOTE_PEER,
                          "peer",
                          PATIENT,
                          cancellation)));
      mute.awaitRequest();
      cancellation.cancel();
      assertThat(failure.get(30, TimeUnit.SECONDS).reason()).isEqualTo(Reason.CANCELLED);
      mute.awaitEnd();
    }
    assertThat(task.edit(0)).isPresent();
  }

  @Test
  void bytesAreCountedAsTheyArrive() throws IOException {
    StoredTask task = childTask();
    AtomicLong counted = new AtomicLong();
    fetchFirst(task, Pace.FREE, counted::addAndGet);
    assertThat(counted).hasValue(4 << 20);
  }

  @Test
  void bothRateLimitsHoldBackAndNobodyCallsThatAStall() throws IOException {
    server.close();
    server =
        new PieceServer(
            parentStore,
            options()
                .withUpload(FairBucket.ofRate(4 << 20))
                .withTimeouts(LONG, LONG, Duration.ofMillis(200)));
    server.start();
    StoredTask task = childTask();
    long start = System.nanoTime();
    fetchFirst(task, FairBucket.ofRate(3 << 20).paceOf("task"), bytes -> {});
    // 4 MiB at 3 MiB/s, less what an idle bucket has saved up.
    assertThat(System.nanoTime() - start).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(800));
    assertSame(task, 0);
  }

  @Test
  void idsThatUpstreamsFramesCannotCarryGoByBlocks() throws IOException {
    TaskKey key = TestContent.key("x".repeat(128));
    StoredTask there = parentStore.create(key, TestContent.ORIGIN, content.info());
    var _ = content.store(there, 1);
    StoredTask here = childStore.create(key, TestContent.ORIGIN, content.info());
    StoredPiece piece = fetch(parent(true), here, 1, Optional.empty(), PATIENT);
    assertThat(piece.root()).isEmpty(); // Nobody but the parent vouches for it.
    StoredTask again = childStore.create(key, TestContent.ORIGIN, content.info());
    assertThatThrownBy(() -> fetch(parent(false), again, 1, Optional.empty(), PATIENT))
        .isInstanceOfSatisfying(
            TransferException.class, e -> assertThat(e.reason()).isEqualTo(Reason.MISSING));
  }

  @Test
  void aClosedClientFetchesNothing() throws IOException {
    StoredTask task = childTask();
    client.close();
    assertThatThrownBy(() -> fetch(parent(true), task, 0, Optional.empty(), PATIENT))
        .isInstanceOfSatisfying(
            TransferException.class, e -> assertThat(e.reason()).isEqualTo(Reason.CANCELLED));
  }
}
