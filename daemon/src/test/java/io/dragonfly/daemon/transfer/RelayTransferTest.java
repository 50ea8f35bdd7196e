package io.dragonfly.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.limit.Pace;
import io.dragonfly.daemon.storage.PieceContent;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.PieceView;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TestContent;
import io.dragonfly.daemon.storage.TrafficType;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A child that gets a piece which its parent is still getting. */
final class RelayTransferTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final int BLOCK = 65_536;

  @TempDir private Path temp;
  private final TestContent content = TestContent.of(3 << 20, 4 << 20);
  private final byte[] piece = content.piece(0);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicLong received = new AtomicLong();
  private PieceStore parentStore;
  private PieceStore childStore;
  private StoredTask parentTask;
  private StoredTask childTask;
  private PieceServer server;
  private PieceClient client;

  @BeforeEach
  void open() throws IOException {
    parentStore =
        PieceStore.open(temp.resolve("parent"), StoreOptions.defaults(), InstantSource.system());
    childStore =
        PieceStore.open(temp.resolve("child"), StoreOptions.defaults(), InstantSource.system());
    parentTask = parentStore.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    childTask = childStore.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    serve(PieceServerOptions.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
    client = new PieceClient(PieceClientOptions.defaults());
  }

  private void serve(PieceServerOptions options) throws IOException {
    server = new PieceServer(parentStore, options);
    server.start();
  }

  @AfterEach
  void close() throws IOException {
    threads.shutdownNow();
    client.close();
    server.close();
    childStore.close();
    parentStore.close();
  }

  private PieceEditor shared() {
    PieceEditor editor = parentTask.edit(0).orElseThrow();
    editor.expect(content.hashes(0));
    editor.share();
    return editor;
  }

  private void commit(PieceEditor editor) throws IOException {
    var _ =
        editor.commit(
            Optional.of(content.root(0)),
            Optional.of(Digest.crc32(content.crc(0))),
            TrafficType.REMOTE_PEER,
            "grandparent",
            TestContent.COST);
    editor.close();
  }

  private Future<?> fetch(Cancellation cancellation) {
    return threads.submit(() -> {
      try (PieceEditor editor = childTask.edit(0).orElseThrow()) {
        return client.fetch(
            new ParentAddress("127.0.0.1", server.port(), true),
            childTask,
            editor,
            childTask.layout().blocks(editor.number()),
            Optional.of(content.root(0)),
            TrafficType.REMOTE_PEER,
            "parent",
            new FetchLimits(LONG, LONG, LONG, 0),
            Pace.FREE,
            cancellation,
            received::addAndGet);
      }
    });
  }

  private void awaitReceived(long bytes) {
    await().atMost(LONG).until(() -> received.get() == bytes);
  }

  @Test
  void blocksAreSentAsTheyComeIn() throws Exception {
    try (PieceEditor editor = shared()) {
      Future<?> fetch = fetch(new Cancellation());
      for (int block = 0; block < 5; block++) {
        editor.write(ByteBuffer.wrap(piece, block * BLOCK, BLOCK));
        awaitReceived((block + 1L) * BLOCK);
      }
      // What is not a whole block is not verified.
      editor.write(ByteBuffer.wrap(piece, 5 * BLOCK, BLOCK / 2));
      assertThat(fetch.isDone()).isFalse();
      // The child passes them on as well.
      assertThat(childTask.relayed().get(0)).isTrue();

      int sent = 5 * BLOCK + BLOCK / 2;
      editor.write(ByteBuffer.wrap(piece, sent, piece.length - sent));
      commit(editor);
      var _ = fetch.get(LONG.toSeconds(), TimeUnit.SECONDS);
    }
    try (PieceView view = childTask.view(0)) {
      assertThat(TestContent.read(view)).isEqualTo(piece);
    }
    Sent.bytes(server, piece.length);
  }

  @Test
  void theFirstBlockIsPassedOnBeforeOthersCome() throws Exception {
    try (PieceEditor editor = shared()) {
      Future<?> fetch = fetch(new Cancellation());
      editor.write(ByteBuffer.wrap(piece, 0, BLOCK));
      await().atMost(LONG).until(() -> childTask.relayed().get(0));
      try (PieceContent passedOn = childTask.viewOrRelay(0)) {
        await().atMost(LONG).until(() -> passedOn.available(0) == BLOCK);
      }
      editor.write(ByteBuffer.wrap(piece, BLOCK, piece.length - BLOCK));
      commit(editor);
      var _ = fetch.get(LONG.toSeconds(), TimeUnit.SECONDS);
    }
  }

  @Test
  void aChildThatComesLateCatchesUp() throws Exception {
    try (PieceEditor editor = shared()) {
      editor.write(ByteBuffer.wrap(piece, 0, 30 * BLOCK));
      Future<?> fetch = fetch(new Cancellation());
      awaitReceived(30 * BLOCK);
      editor.write(ByteBuffer.wrap(piece, 30 * BLOCK, piece.length - 30 * BLOCK));
      commit(editor);
      var _ = fetch.get(LONG.toSeconds(), TimeUnit.SECONDS);
    }
    assertThat(childTask.hasPiece(0)).isTrue();
  }

  @Test
  void whenTheParentGivesThePieceUpTheChildKeepsItsBlocks() throws Exception {
    PieceEditor editor = shared();
    Future<?> fetch = fetch(new Cancellation());
    editor.write(ByteBuffer.wrap(piece, 0, 7 * BLOCK));
    awaitReceived(7 * BLOCK);
    editor.close();

    ExecutionException failure =
        catchThrowableOfType(
            ExecutionException.class, () -> fetch.get(LONG.toSeconds(), TimeUnit.SECONDS));
    assertThat(failure).hasCauseInstanceOf(TransferException.class);
    try (PieceEditor next = childTask.edit(0).orElseThrow()) {
      assertThat(next.missingBlocks().first()).isEqualTo(7);
    }
    await().atMost(LONG).until(() -> server.activity().connections() == 0);
  }

  @Test
  void aChildThatGoesMeanwhileIsForgotten() throws Exception {
    try (PieceEditor editor = shared()) {
      Cancellation cancellation = new Cancellation();
      Future<?> fetch = fetch(cancellation);
      editor.write(ByteBuffer.wrap(piece, 0, BLOCK));
      awaitReceived(BLOCK);
      cancellation.cancel();
      await().atMost(LONG).until(fetch::isDone);
      await().atMost(LONG).until(() -> server.activity().connections() == 0);
      editor.write(ByteBuffer.wrap(piece, BLOCK, piece.length - BLOCK));
      commit(editor);
    }
    assertThat(parentTask.hasPiece(0)).isTrue();
  }

  @Test
  void aPieceThatComesNoFurtherIsNotWaitedForEndlessly() throws Exception {
    server.close();
    serve(
        PieceServerOptions.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .withTimeouts(LONG, LONG, Duration.ofMillis(300)));
    try (PieceEditor editor = shared()) {
      Future<?> fetch = fetch(new Cancellation());
      editor.write(ByteBuffer.wrap(piece, 0, BLOCK));
      ExecutionException failure =
          catchThrowableOfType(
              ExecutionException.class, () -> fetch.get(LONG.toSeconds(), TimeUnit.SECONDS));
      assertThat(failure).hasCauseInstanceOf(TransferException.class);
      await().atMost(LONG).until(() -> server.activity().connections() == 0);
    }
  }
}
