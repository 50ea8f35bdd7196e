package io.dragonfly.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.limit.Pace;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.daemon.storage.PieceContent;
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
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Some blocks of a piece are asked of a parent, verified and kept without the rest. */
class PartTransferTest {
  private static final int BLOCK = 65_536;
  private static final FetchLimits LIMITS =
      new FetchLimits(Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(30), 0);

  @TempDir Path temp;
  private final TestContent content = TestContent.of(40 * BLOCK + 9, 64 * BLOCK);
  private PieceStore parentStore;
  private PieceStore childStore;
  private PieceServer server;
  private PieceClient client;
  private StoredTask task;

  @BeforeEach
  void open() throws IOException {
    parentStore =
        PieceStore.open(temp.resolve("parent"), StoreOptions.defaults(), InstantSource.system());
    childStore =
        PieceStore.open(temp.resolve("child"), StoreOptions.defaults(), InstantSource.system());
    var _ = content.storeAll(parentStore);
    server =
        new PieceServer(
            parentStore,
            PieceServerOptions.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
    server.start();
    client = new PieceClient(PieceClientOptions.defaults());
    task = childStore.create(TestContent.KEY, TestContent.ORIGIN, content.info());
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    server.close();
    childStore.close();
    parentStore.close();
  }

  private ParentAddress parent() {
    return new ParentAddress("127.0.0.1", server.port(), /* extension= */ true);
  }

  private Optional<StoredPiece> fetch(ParentAddress from, BlockSet blocks)
      throws TransferException {
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      return client.fetch(
          from,
          task,
          editor,
          blocks,
          Optional.of(content.root(0)),
          TrafficType.REMOTE_PEER,
          "peer",
          LIMITS,
          Pace.FREE,
          new Cancellation(),
          bytes -> {});
    }
  }

  private byte[] read(int block) throws IOException {
    ByteBuffer read = ByteBuffer.allocate(BLOCK);
    try (PieceContent there = task.viewForThisHost(0, (long) block * BLOCK)) {
      assertThat(there.read((long) block * BLOCK, read)).isEqualTo(BLOCK);
    }
    return read.array();
  }

  private byte[] block(int block) {
    return Arrays.copyOfRange(content.bytes(), block * BLOCK, (block + 1) * BLOCK);
  }

  @Test
  void onlyTheBlocksThatAreWantedLeaveTheParent() throws IOException {
    assertThat(fetch(parent(), BlockSet.between(20, 22))).isEmpty();

    Sent.bytes(server, 2 * BLOCK);
    assertThat(task.parts()).containsEntry(0, BlockSet.between(20, 22));
    assertThat(read(21)).isEqualTo(block(21));
  }

  @Test
  void whatIsMissingLaterIsAskedForAroundWhatIsThere() throws IOException {
    BlockSet some = BlockSet.between(3, 5).or(BlockSet.between(20, 22));
    assertThat(fetch(parent(), some)).isEmpty();
    assertThat(task.parts()).containsEntry(0, some);
    Sent.bytes(server, 4 * BLOCK);

    StoredPiece whole = fetch(parent(), content.layout().blocks(0)).orElseThrow();
    assertThat(whole.root()).contains(content.root(0));
    Sent.bytes(server, content.bytes().length);
    try (PieceView view = task.view(0)) {
      assertThat(TestContent.read(view)).isEqualTo(content.bytes());
    }
  }

  @Test
  void aBlockThatDiffersIsNotTakenAndTheParentIsCaught() throws IOException {
    byte[] wrong = Arrays.copyOfRange(content.bytes(), 20 * BLOCK, 22 * BLOCK);
    wrong[BLOCK + 1] ^= 1;
    byte[] head = FakeParent.blocksHead(0, 20, 2, 2L * BLOCK, content.hashes(0));
    try (FakeParent bad = new FakeParent(6 + 17 + 64, head, wrong, FakeParent.End.CLOSE)) {
      assertThatThrownBy(() -> fetch(bad.address(true), BlockSet.between(20, 22)))
          .isInstanceOfSatisfying(
              TransferException.class, e -> assertThat(e.reason()).isEqualTo(Reason.CORRUPT));
    }
    assertThat(task.parts()).containsEntry(0, BlockSet.between(20, 21));
    assertThat(read(20)).isEqualTo(block(20));
  }

  @Test
  void aPartWithoutItsHashesIsRefused() throws IOException {
    byte[] bytes = Arrays.copyOfRange(content.bytes(), 20 * BLOCK, 22 * BLOCK);
    byte[] head = FakeParent.blocksHead(0, 20, 2, 2L * BLOCK, content.hashes(0));
    byte[] without = Arrays.copyOf(head, 6 + 15);
    without[5] = 15; // The frame's length, and no hashes.
    without[4] = 0;
    without[20] = 0;
    try (FakeParent bad = new FakeParent(6 + 17 + 64, without, bytes, FakeParent.End.CLOSE)) {
      assertThatThrownBy(() -> fetch(bad.address(true), BlockSet.between(20, 22)))
          .isInstanceOfSatisfying(
              TransferException.class, e -> assertThat(e.reason()).isEqualTo(Reason.CORRUPT));
    }
    assertThat(task.parts()).isEmpty();
  }
}
