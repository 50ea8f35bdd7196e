package io.dragonfly.daemon.storage;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.daemon.transfer.PieceServer;
import io.dragonfly.daemon.transfer.PieceServerOptions;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What other hosts take from a store, and what is under way, is not cold. */
@Timeout(60)
final class HotTasksTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final GcPolicy POLICY = GcPolicy.defaults(); // 80 and 60 percent, 30 days
  private static final long DISK = 100_000_000;
  private static final long LENGTH = 5_000_000;

  @TempDir private Path temp;
  private final TestContent content = TestContent.of((int) LENGTH, 4 << 20);
  private final MutableClock clock = new MutableClock();
  private final FakeDisk disk = new FakeDisk(DISK, DISK);
  private PieceStore store;
  private PieceServer server;

  @BeforeEach
  void open() throws IOException {
    store = PieceStore.open(temp.resolve("store"), StoreOptions.defaults(), clock, disk);
    server =
        new PieceServer(
            store,
            PieceServerOptions.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
    server.start();
  }

  @AfterEach
  void close() throws IOException {
    server.close();
    store.close();
  }

  private static TaskKey key(int number) {
    return TestContent.key(String.valueOf(number).repeat(64));
  }

  private StoredTask stored(int number) throws IOException {
    StoredTask task = store.create(key(number), TestContent.ORIGIN, content.info());
    for (int piece = 0; piece < content.layout().pieceCount(); piece++) {
      var _ = content.store(task, piece);
    }
    return task;
  }

  private Socket request(int task) throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(4096);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
    socket.setSoTimeout((int) LONG.toMillis());
    ByteBuffer request = ByteBuffer.allocate(74).putShort((short) 0).putInt(68);
    request.put(key(task).id().value().getBytes(US_ASCII)).putInt(0);
    socket.getOutputStream().write(request.array());
    return socket;
  }

  private void take(Socket socket) throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    in.skipNBytes(6 + 4 + 45 + ("crc32:" + content.crc(0)).length());
    assertThat(in.readNBytes(4 << 20)).isEqualTo(content.piece(0));
  }

  private void upload(int task) throws IOException {
    long before = store.find(key(task)).orElseThrow().uploadedCount();
    try (Socket socket = request(task)) {
      take(socket);
    }
    await()
        .atMost(LONG)
        .until(() -> store.find(key(task)).orElseThrow().uploadedCount() == before + 1);
  }

  @Test
  void whatWasUploadedLatelyStaysWhenTheDiskIsFullAndWhatNobodyUsedGoes() throws IOException {
    for (int task = 0; task < 3; task++) {
      var _ = stored(task);
      clock.advance(Duration.ofMinutes(1));
    }
    upload(0); // The oldest, but for that.
    clock.advance(Duration.ofMinutes(1));
    disk.usable(DISK * 19 / 100); // 81 percent: one of 5 percent has to go.
    GcPolicy gentle = new GcPolicy(POLICY.taskTtl(), LONG, LONG, 80, 77);
    assertThat(store.collect(gentle, clock.instant()).evicted()).containsExactly(key(1));
    assertThat(store.find(key(0))).isPresent();
    disk.usable(DISK * 5 / 100); // 95 percent: all have to go, that one last.
    assertThat(store.collect(POLICY, clock.instant()).evicted()).containsExactly(key(2), key(0));
  }

  @Test
  void whatWasUploadedLatelyIsNotPastItsTime() throws IOException {
    var _ = stored(0);
    var _ = stored(1);
    clock.advance(Duration.ofDays(29));
    upload(0);
    clock.advance(Duration.ofDays(2));
    assertThat(store.collect(POLICY, clock.instant()).expired()).containsExactly(key(1));
    assertThat(store.find(key(0))).isPresent();
    clock.advance(Duration.ofDays(29));
    assertThat(store.collect(POLICY, clock.instant()).expired()).containsExactly(key(0));
  }

  @Test
  void whatIsBeingReadWrittenOrUploadedIsNeverCollected() throws IOException {
    StoredTask read = stored(0);
    StoredTask uploaded = stored(1);
    StoredTask written = store.create(key(2), TestContent.ORIGIN, content.info());
    StoredTask streamed =
        store.create(
            key(3), TestContent.ORIGIN, new ContentInfo(OptionalLong.empty(), 0, "v1", Map.of()));
    var _ = stored(4);
    try (PieceView view = read.view(0);
        Socket slow = request(1);
        PieceEditor editor = written.edit(0).orElseThrow();
        StreamEditor stream = streamed.stream().orElseThrow()) {
      await().atMost(LONG).until(() -> uploaded.uploadingCount() == 1);
      editor.write(ByteBuffer.wrap(content.piece(0)));
      stream.append(ByteBuffer.wrap(content.piece(0)));
      clock.advance(Duration.ofDays(31));
      disk.usable(0);
      Collected collected = store.collect(POLICY, clock.instant());
      assertThat(collected.expired()).containsExactly(key(4));
      assertThat(collected.evicted()).isEmpty();
      // All goes on as if nothing had been.
      take(slow);
      assertThat(TestContent.read(view)).isEqualTo(content.piece(0));
      var _ =
          editor.commit(
              Optional.empty(), Optional.empty(), TrafficType.BACK_TO_SOURCE, "", TestContent.COST);
    }
    await().atMost(LONG).until(() -> uploaded.uploadingCount() == 0);
    // A long use counts until its end: nothing is past its time, but all may make room now. Half a
    // stream of unknown length went with its editor.
    Collected after = store.collect(POLICY, clock.instant());
    assertThat(after.expired()).isEmpty();
    assertThat(after.evicted()).containsExactlyInAnyOrder(key(0), key(1), key(2));
  }
}
