package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.id.TaskId;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.storage.Kind;
import io.dragonfly.daemon.storage.PieceContent;
import io.dragonfly.daemon.storage.PieceView;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import io.dragonfly.daemon.transfer.Sent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small ranges of large pieces with real storage, transfers and origins: what they cost whom. */
class SmallRangesTest {
  private static final int PIECE = 8 << 20;
  private static final int BLOCK = PIECE / 64;
  private static final int START = PIECE + 40 * BLOCK + 100;
  private static final int LENGTH = 64 << 10;
  private static final TaskId TASK = new TaskId("0123456789abcdef");
  private static final TaskKey KEY = new TaskKey(Kind.TASK, TASK);

  @TempDir Path directory;
  private final byte[] content = new byte[2 * PIECE + PIECE / 2];
  private final FakeSwarm swarm = new FakeSwarm();
  private final List<AutoCloseable> open = new ArrayList<>();
  private TestOrigin origin;

  @BeforeEach
  void open() throws IOException {
    new Random(7).nextBytes(content);
    origin = new TestOrigin(content);
    open.add(origin);
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable closeable : open.reversed()) {
      closeable.close();
    }
    swarm.close();
  }

  private TestHost host(String name) throws IOException {
    TestHost host = new TestHost(swarm, name, directory, StoreOptions.defaults());
    open.add(host);
    return host;
  }

  private DownloadRequest whole() {
    return Requests.withPieceLength(DownloadRequest.of(TASK, origin.url()), PIECE);
  }

  private DownloadSummary range(TestHost host, int start, int length) throws Exception {
    Caller caller = new Caller();
    caller.takesBlocks = true;
    String range = "bytes=" + start + "-" + (start + length - 1);
    host.downloads.start(Requests.withRange(whole(), range), caller);
    DownloadSummary summary = caller.awaitFinished();
    assertThat(read(host, start, length))
        .isEqualTo(Arrays.copyOfRange(content, start, start + length));
    return summary;
  }

  private static byte[] read(TestHost host, int start, int length) throws IOException {
    StoredTask task = host.store.find(KEY).orElseThrow();
    ByteBuffer read = ByteBuffer.allocate(length);
    while (read.hasRemaining()) {
      int piece = (start + read.position()) / PIECE;
      long at = start + read.position() - (long) piece * PIECE;
      try (PieceContent there = task.viewForThisHost(piece, at)) {
        assertThat(there.read(at, read)).isPositive();
      }
    }
    return read.array();
  }

  private static DownloadSummary all(TestHost host, DownloadRequest request) throws Exception {
    Caller caller = new Caller();
    host.downloads.start(request, caller);
    return caller.awaitFinished();
  }

  private byte[] stored(TestHost host) throws IOException {
    StoredTask task = host.store.find(KEY).orElseThrow();
    ByteBuffer all = ByteBuffer.allocate(content.length);
    for (int piece = 0; piece < task.layout().pieceCount(); piece++) {
      try (PieceView view = task.view(piece)) {
        ByteBuffer part = all.slice(piece * PIECE, (int) view.length());
        while (part.hasRemaining()) {
          assertThat(view.read(part.position(), part)).isPositive();
        }
      }
    }
    return all.array();
  }

  @Test
  void aRangeCostsAParentItsBlocksAndTheWholeLaterOnlyTheRest() throws Exception {
    TestHost parent = host("a");
    TestHost child = host("b");
    var _ = all(parent, whole());

    DownloadSummary summary = range(child, START, LENGTH);
    assertThat(summary.bytes()).isEqualTo(new ByteCounts(0, LENGTH, 0, 0));
    Sent.bytes(parent.server, BLOCK);
    assertThat(child.store.find(KEY).orElseThrow().pieces().isEmpty()).isTrue();

    var _ = all(child, whole());
    assertThat(stored(child)).isEqualTo(content);
    Sent.bytes(parent.server, content.length);
    assertThat(origin.bytes.get()).isEqualTo(content.length);
  }

  @Test
  void whatARangeBroughtIsThereAfterARestart() throws Exception {
    TestHost parent = host("a");
    TestHost child = host("b");
    var _ = all(parent, whole());
    var _ = range(child, START, LENGTH);
    await().until(() -> child.downloads.active() == 0);
    child.close();
    open.remove(child);

    TestHost restarted = host("b");
    assertThat(range(restarted, START + 50, LENGTH - 100).bytes())
        .isEqualTo(new ByteCounts(LENGTH - 100, 0, 0, 0));
    Sent.bytes(parent.server, BLOCK);
    var _ = all(restarted, whole());
    assertThat(stored(restarted)).isEqualTo(content);
    Sent.bytes(parent.server, content.length);
  }

  @Test
  void aWrongBlockIsNotTakenAndItsParentIsReported() throws Exception {
    TestHost parent = host("a");
    TestHost child = host("b");
    var _ = all(parent, whole());
    Path file = parent.store.find(KEY).orElseThrow().file();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      var _ = channel.write(ByteBuffer.wrap(new byte[] {(byte) ~content[START]}), START);
    }

    DownloadSummary summary = range(child, START, LENGTH);
    assertThat(summary.bytes()).isEqualTo(new ByteCounts(0, 0, 0, LENGTH));
    assertThat(swarm.reports)
        .filteredOn(PeerReport.PieceFailed.class::isInstance)
        .map(PeerReport.PieceFailed.class::cast)
        .extracting(PeerReport.PieceFailed::reason)
        .containsOnly(PeerReport.FailureReason.CORRUPT);
    assertThat(parent.server.activity().bytes()).isLessThanOrEqualTo(BLOCK);
  }

  @Test
  void aRangeThatReachesIntoTheNextPieceTakesBlocksOfBoth() throws Exception {
    TestHost parent = host("a");
    TestHost child = host("b");
    var _ = all(parent, whole());

    var _ = range(child, PIECE - 10, 20);
    Sent.bytes(parent.server, 2 * BLOCK);
  }

  @Test
  void aloneWithTheOriginARangeReadsItsBlocksThere() throws Exception {
    swarm.known = false;
    TestHost host = host("a");

    DownloadSummary summary = range(host, START, LENGTH);
    assertThat(summary.bytes()).isEqualTo(new ByteCounts(0, 0, 0, LENGTH));
    assertThat(origin.bytes.get()).isLessThanOrEqualTo(BLOCK);
    var _ = range(host, START, LENGTH);
    assertThat(origin.requests).hasSize(1);

    var _ = range(host, START + 10 * BLOCK, LENGTH);
    assertThat(origin.bytes.get()).isLessThanOrEqualTo(2 * BLOCK);
    var _ = all(host, whole());
    assertThat(stored(host)).isEqualTo(content);
    assertThat(host.store.find(KEY).orElseThrow().roots()).hasSize(3);
  }

  @Test
  void anOriginThatBreaksOffAroundThemIsReadOnAndNotAgain() throws Exception {
    swarm.known = false;
    TestHost host = host("a");
    int held = 8 * BLOCK; // In the midst of a piece, and enough to be read around.
    var _ = range(host, PIECE + 20 * BLOCK, held);
    var _ = range(host, 2 * PIECE - held, held); // And at the end of it.
    long before = origin.bytes.get();

    origin.cutAfter = 10L * BLOCK;
    origin.cuts.set(Integer.MAX_VALUE);
    var _ = all(host, whole());
    assertThat(stored(host)).isEqualTo(content);
    // Each break costs the block in which it happens, and what was on the way.
    assertThat(origin.bytes.get() - before)
        .isBetween(content.length - 2L * held, 2L * content.length);
  }

  @Test
  void underALeaseTheRangesPieceIsReadOnceForAll() throws Exception {
    TestHost first = host("a");
    TestHost second = host("b");
    var _ = range(first, START, LENGTH);
    await().until(() -> first.store.find(KEY).orElseThrow().hasPiece(1));
    await().until(() -> first.downloads.active() == 0);
    // What the caller waited for is read before, and skipped in the piece.
    assertThat(origin.bytes.get()).isBetween((long) PIECE, (long) PIECE + BLOCK);

    assertThat(range(second, START + 15 * BLOCK, LENGTH).bytes())
        .isEqualTo(new ByteCounts(0, LENGTH, 0, 0));
    Sent.bytes(first.server, BLOCK);
    assertThat(origin.bytes.get()).isBetween((long) PIECE, (long) PIECE + BLOCK);
  }
}
