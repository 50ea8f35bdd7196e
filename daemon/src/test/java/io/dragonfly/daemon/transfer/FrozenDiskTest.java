package io.dragonfly.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.daemon.LoopDisk;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TestContent;
import io.dragonfly.daemon.storage.TrafficType;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk that does not answer for a while. */
@Timeout(120)
final class FrozenDiskTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration STALL = Duration.ofMillis(300);

  /** No system keeps so much of a connection for two ends that do not read. */
  private static final int PIECE = 16 << 20;

  private static final int PIECES = 2;

  private final TestContent content = TestContent.of(PIECES * PIECE, PIECE);
  @TempDir private Path temp;

  private static PieceStore open(Path directory) throws IOException {
    return PieceStore.open(
        directory.resolve("store"), StoreOptions.defaults(), InstantSource.system());
  }

  private StoredPiece fetch(PieceClient client, PieceServer parent, StoredTask task, int number)
      throws TransferException {
    try (PieceEditor editor = task.edit(number).orElseThrow()) {
      return client.fetch(
          new ParentAddress("127.0.0.1", parent.port(), true),
          task,
          editor,
          Optional.of(content.root(number)),
          TrafficType.REMOTE_PEER,
          "parent-peer",
          new FetchLimits(LONG, LONG, STALL, 1),
          new Cancellation());
    }
  }

  @Test
  void whatItTakesWaitsInTheSocketsAndNobodyElseIsBlamedOrHeldUp() throws Exception {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (LoopDisk disk = LoopDisk.mount(temp);
        PieceStore parentStore = open(temp.resolve("parent"));
        PieceStore sick = open(disk.directory());
        PieceStore sound = open(temp.resolve("sound"));
        PieceServer server = new PieceServer(parentStore, PieceServerOptions.on(any));
        PieceClient client = new PieceClient(PieceClientOptions.defaults());
        ExecutorService threads = Executors.newCachedThreadPool()) {
      StoredTask served = content.storeAll(parentStore);
      server.start();
      StoredTask waiting = sick.create(TestContent.KEY, TestContent.ORIGIN, content.info());
      StoredTask other = sound.create(TestContent.KEY, TestContent.ORIGIN, content.info());
      List<Future<StoredPiece>> held = new ArrayList<>();
      disk.freeze();
      try {
        for (int piece = 0; piece < PIECES; piece++) {
          int number = piece;
          held.add(threads.submit(() -> fetch(client, server, waiting, number)));
        }
        await().atMost(LONG).until(() -> served.uploadingCount() == PIECES);

        for (int number = 0; number < PIECES; number++) {
          var _ = fetch(client, server, other, number);
        }

        // Longer than a parent may take; the rest of each piece is still with it.
        Thread.sleep(3 * STALL.toMillis());
        assertThat(other.isComplete()).isTrue();
        assertThat(held).noneMatch(Future::isDone);
        await().atMost(LONG).until(() -> served.uploadingCount() == PIECES);
      } finally {
        disk.thaw();
      }
      for (Future<StoredPiece> piece : held) {
        assertThat(piece.get(60, TimeUnit.SECONDS).parentId()).isEqualTo("parent-peer");
      }
      assertThat(waiting.isComplete()).isTrue();
    }
  }
}
