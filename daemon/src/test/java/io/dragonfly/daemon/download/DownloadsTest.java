package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.digest.Algorithm;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.TinyContent;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.storage.Kind;
import io.dragonfly.daemon.storage.PieceView;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Downloads with real storage, transfers and origins; only the scheduler is in memory. */
class DownloadsTest {
  private static final int PIECE = 1 << 20;
  private static final TaskId TASK = new TaskId("0123456789abcdef");
  private static final TaskKey KEY = new TaskKey(Kind.TASK, TASK);

  @TempDir Path directory;

  private final FakeSwarm swarm = new FakeSwarm();
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable closeable : open.reversed()) {
      closeable.close();
    }
    swarm.close();
  }

  private TestHost host(String name) throws IOException {
    return host(name, StoreOptions.defaults());
  }

  private TestHost host(String name, StoreOptions options) throws IOException {
    TestHost host = new TestHost(swarm, name, directory, options);
    open.add(host);
    return host;
  }

  private TestOrigin origin(byte[] content) throws IOException {
    TestOrigin origin = new TestOrigin(content);
    open.add(origin);
    return origin;
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static DownloadRequest request(TestOrigin origin) {
    return Requests.withPieceLength(DownloadRequest.of(TASK, origin.url()), PIECE);
  }

  private static Caller start(TestHost host, DownloadRequest request) throws DownloadException {
    Caller caller = new Caller();
    host.downloads.start(request, caller);
    return caller;
  }

  private static byte[] stored(TestHost host) throws IOException {
    StoredTask task = host.store.find(KEY).orElseThrow();
    ByteBuffer all = ByteBuffer.allocate((int) task.layout().contentLength());
    for (int piece = 0; piece < task.layout().pieceCount(); piece++) {
      try (PieceView view = task.view(piece)) {
        int end = all.position() + (int) task.layout().length(piece);
        for (long at = 0; all.position() < end; ) {
          ByteBuffer part = all.slice(all.position(), end - all.position());
          int count = view.read(at, part);
          at += count;
          all.position(all.position() + count);
        }
      }
    }
    return all.array();
  }

  private static Digest digest(byte[] content) {
    Digest.Calculator calculator = Algorithm.SHA256.newCalculator();
    calculator.update(ByteBuffer.wrap(content));
    return calculator.result();
  }

  @Test
  void callersOfOneUrlOnOneHostShareOneTransfer() throws Exception {
    byte[] content = bytes(5 * PIECE + 17);
    TestOrigin origin = origin(content);
    TestHost host = host("a");
    List<Caller> callers = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      callers.add(start(host, request(origin)));
    }

    for (Caller caller : callers) {
      assertThat(caller.awaitFinished().bytes().total()).isEqualTo(content.length);
      assertThat(caller.sortedPieces()).containsExactly(0, 1, 2, 3, 4, 5);
    }
    assertThat(origin.requests).hasSize(1);
    assertThat(stored(host)).isEqualTo(content);
    await().until(() -> host.downloads.active() == 0);
  }

  @Test
  void whatWasComparedWithItsDigestIsGivenWithoutADownload() throws Exception {
    byte[] content = bytes(2 * PIECE + 3);
    TestOrigin origin = origin(content);
    TestHost host = host("a");
    DownloadRequest right = Requests.withDigest(request(origin), digest(content));
    assertThat(host.downloads.startHeld(right, new Caller())).isEmpty();
    start(host, request(origin)).awaitFinished();
    // Nobody has compared it yet.
    assertThat(host.downloads.startHeld(right, new Caller())).isEmpty();
    start(host, right).awaitFinished();

    Caller caller = new Caller();
    assertThat(host.downloads.startHeld(right, caller)).isPresent();
    assertThat(caller.awaitFinished().bytes().cache()).isEqualTo(content.length);
    assertThat(caller.started.getFirst().fromCache()).isTrue();
    DownloadRequest wrong = Requests.withDigest(request(origin), digest(bytes(7)));
    assertThat(host.downloads.startHeld(wrong, new Caller())).isEmpty();
    assertThat(host.downloads.startHeld(request(origin), new Caller())).isEmpty();
    assertThat(host.downloads.startHeld(Requests.withRange(right, "bytes=0-9"), new Caller()))
        .isEmpty();
    assertThat(host.store.delete(KEY)).isTrue();
    assertThat(host.downloads.startHeld(right, new Caller())).isEmpty();
  }

  @Test
  void theSecondHostTakesEverythingFromTheFirst() throws Exception {
    byte[] content = bytes(6 * PIECE + 1);
    TestOrigin origin = origin(content);
    TestHost first = host("a");
    TestHost second = host("b");
    start(first, request(origin)).awaitFinished();
    Caller caller = start(second, request(origin));

    assertThat(caller.awaitFinished().bytes()).isEqualTo(new ByteCounts(0, content.length, 0, 0));
    assertThat(caller.progress.get()).isPositive();
    assertThat(stored(second)).isEqualTo(content);
    assertThat(origin.bytes.get()).isEqualTo(content.length);
    assertThat(second.store.find(KEY).orElseThrow().roots()).hasSize(7);
  }

  @Test
  void contentOfAtMost128BytesComesWithTheSchedulersAnswer() throws Exception {
    byte[] content = bytes(TinyContent.MAX_LENGTH);
    TestOrigin origin = origin(content);
    TestHost first = host("a");
    TestHost second = host("b");
    start(first, request(origin)).awaitFinished();
    first.kill(); // Nobody else can be asked.
    Caller caller = start(second, request(origin));

    assertThat(caller.awaitFinished().bytes()).isEqualTo(new ByteCounts(0, content.length, 0, 0));
    assertThat(stored(second)).isEqualTo(content);
    assertThat(second.store.find(KEY).orElseThrow().roots()).hasSize(1);
    assertThat(origin.requests).hasSize(1);
    assertThat(swarm.reports.stream().filter(PeerReport.Tiny.class::isInstance))
        .containsExactly(new PeerReport.Tiny(TinyContent.of(content)));
    assertThat(swarm.reports).noneMatch(PeerReport.PieceFailed.class::isInstance);
  }

  @Test
  void contentOfMoreComesFromAParent() throws Exception {
    byte[] content = bytes(TinyContent.MAX_LENGTH + 1);
    TestOrigin origin = origin(content);
    TestHost first = host("a");
    TestHost second = host("b");
    start(first, request(origin)).awaitFinished();
    start(second, request(origin)).awaitFinished();

    assertThat(stored(second)).isEqualTo(content);
    assertThat(first.store.find(KEY).orElseThrow().uploadedCount()).isEqualTo(1);
    assertThat(swarm.reports).noneMatch(PeerReport.Tiny.class::isInstance);
  }

  @Test
  void bytesInTheAnswerThatTheRootDoesNotVouchForAreNotTaken() throws Exception {
    byte[] content = bytes(100);
    TestOrigin origin = origin(content);
    TestHost first = host("a");
    TestHost second = host("b");
    start(first, request(origin)).awaitFinished();
    swarm.forged = Optional.of(TinyContent.of(new byte[100]));
    Caller caller = start(second, request(origin));

    assertThat(caller.awaitFinished().bytes().total()).isEqualTo(content.length);
    assertThat(stored(second)).isEqualTo(content);
    assertThat(swarm.reports).anyMatch(PeerReport.ParentsWanted.class::isInstance);
  }

  @Test
  void twoHostsThatBeginTogetherReadTheOriginOnce() throws Exception {
    byte[] content = bytes(8 * PIECE);
    TestOrigin origin = origin(content);
    origin.pauseMillis = 3;
    TestHost first = host("a");
    TestHost second = host("b");
    Caller one = start(first, request(origin));
    Caller two = start(second, request(origin));
    one.awaitFinished();
    two.awaitFinished();

    assertThat(stored(first)).isEqualTo(content);
    assertThat(stored(second)).isEqualTo(content);
    assertThat(origin.bytes.get()).isEqualTo(content.length);
  }

  @Test
  void aParentThatDiesMidwayIsReplacedByTheOrigin() throws Exception {
    byte[] content = bytes(12 * PIECE);
    TestOrigin origin = origin(content);
    TestHost first = new TestHost(swarm, "a", directory, StoreOptions.defaults(), 4L * PIECE);
    open.add(first);
    start(first, request(origin)).awaitFinished();
    TestHost second = host("b");
    Caller caller = start(second, request(origin));
    await().atMost(Duration.ofSeconds(20)).until(() -> !caller.pieces.isEmpty());
    first.kill();

    ByteCounts counts = caller.awaitFinished().bytes();
    assertThat(counts.peers()).isPositive();
    assertThat(counts.origin()).isPositive();
    assertThat(counts.total()).isEqualTo(content.length);
    assertThat(stored(second)).isEqualTo(content);
  }

  @Test
  void losingTheSchedulerMidwayDoesNotEndTheDownload() throws Exception {
    byte[] content = bytes(20 * PIECE);
    TestOrigin origin = origin(content);
    origin.pauseMillis = 5;
    TestHost host = host("a");
    Caller caller = start(host, request(origin));
    await().atMost(Duration.ofSeconds(20)).until(() -> !caller.pieces.isEmpty());
    swarm.down = true;
    swarm.breakLinks();

    assertThat(caller.awaitFinished().bytes().origin()).isEqualTo(content.length);
    assertThat(stored(host)).isEqualTo(content);
  }

  @Test
  void withoutAnySchedulerTheOriginIsReadAtOnce() throws Exception {
    swarm.known = false;
    byte[] content = bytes(3 * PIECE);
    TestOrigin origin = origin(content);
    TestHost host = host("a");
    start(host, request(origin)).awaitFinished();

    assertThat(stored(host)).isEqualTo(content);
    assertThat(swarm.reports).isEmpty();
  }

  @Test
  void cancellingStopsTheOriginAndKeepsWhatArrived() throws Exception {
    byte[] content = bytes(40 * PIECE);
    TestOrigin origin = origin(content);
    origin.pauseMillis = 10;
    TestHost host = host("a");
    Caller caller = new Caller();
    Download download = host.downloads.start(request(origin), caller);
    await().atMost(Duration.ofSeconds(20)).until(() -> !caller.pieces.isEmpty());
    download.cancel();
    assertThat(caller.awaitFailed().code()).isEqualTo(Code.CANCELLED);
    await().atMost(Duration.ofSeconds(20)).until(() -> host.downloads.active() == 0);
    long given = origin.bytes.get();

    assertThat(host.store.find(KEY).orElseThrow().pieces().cardinality()).isPositive();
    assertThat(swarm.reports).contains(new PeerReport.Failed("cancelled"));
    assertThat(given).isLessThan(content.length);
    origin.pauseMillis = 0;
    Caller again = start(host, request(origin));
    ByteCounts counts = again.awaitFinished().bytes();
    assertThat(counts.cache()).isPositive();
    assertThat(counts.total()).isEqualTo(content.length);
    assertThat(stored(host)).isEqualTo(content);
  }

  @Test
  void aWrongDigestDropsTheCacheAndFailsOnlyItsCaller() throws Exception {
    byte[] content = bytes(2 * PIECE);
    TestOrigin origin = origin(content);
    origin.pauseMillis = 5;
    TestHost host = host("a");
    Caller wrong = start(host, Requests.withDigest(request(origin), digest(bytes(3))));
    Caller right = start(host, Requests.withDigest(request(origin), digest(content)));
    Caller none = start(host, request(origin));

    DownloadException failure = wrong.awaitFailed();
    assertThat(failure.code()).isEqualTo(Code.DIGEST_MISMATCH);
    assertThat(failure)
        .hasMessageContaining(digest(content).toString())
        .hasMessageNotContaining("secret");
    right.awaitFinished();
    none.awaitFinished();
    assertThat(host.store.find(KEY)).isEmpty();
  }

  @Test
  void zeroBytesAreContentToo() throws Exception {
    TestOrigin origin = origin(new byte[0]);
    TestHost host = host("a");
    Caller caller = start(host, request(origin));

    assertThat(caller.awaitFinished().bytes().total()).isZero();
    assertThat(caller.started.getFirst().wanted()).isEmpty();
  }

  @Test
  void oneByteIsDownloaded() throws Exception {
    byte[] content = bytes(1);
    TestOrigin origin = origin(content);
    TestHost host = host("a");
    start(host, request(origin)).awaitFinished();

    assertThat(stored(host)).isEqualTo(content);
  }

  @Test
  void contentOfUnknownLengthReachesTheSecondHost() throws Exception {
    byte[] content = bytes(3 * PIECE + 5);
    TestOrigin origin = origin(content);
    origin.chunked = true;
    origin.pauseMillis = 3;
    TestHost first = host("a");
    TestHost second = host("b");
    Caller one = start(first, request(origin));
    await().atMost(Duration.ofSeconds(20)).until(() -> !origin.requests.isEmpty());
    Caller two = start(second, request(origin));

    assertThat(one.awaitFinished().bytes().origin()).isEqualTo(content.length);
    assertThat(two.awaitFinished().bytes().peers()).isEqualTo(content.length);
    assertThat(stored(second)).isEqualTo(content);
    assertThat(origin.requests).hasSize(1);
  }

  @Test
  void anOriginWithoutRangesIsReadInOneStream() throws Exception {
    byte[] content = bytes(5 * PIECE);
    TestOrigin origin = origin(content);
    origin.ranges = false;
    TestHost host = host("a");
    start(host, request(origin)).awaitFinished();

    assertThat(stored(host)).isEqualTo(content);
    assertThat(origin.requests).hasSize(1);
  }

  @Test
  void aBodyThatIsCutGoesOnFromWhereItWasCut() throws Exception {
    byte[] content = bytes(4 * PIECE);
    TestOrigin origin = origin(content);
    origin.cuts.set(2);
    origin.cutAfter = PIECE + PIECE / 2;
    TestHost host = host("a");
    start(host, request(origin)).awaitFinished();

    assertThat(stored(host)).isEqualTo(content);
    assertThat(origin.bytes.get()).isLessThan(content.length + PIECE / 2);
    assertThat(origin.requests).hasSizeGreaterThan(2);
  }

  @Test
  void aRangeBringsOnlyItsPieces() throws Exception {
    byte[] content = bytes(32 * PIECE);
    TestOrigin origin = origin(content);
    TestHost host = host("a");
    Caller caller =
        start(host, Requests.withRange(request(origin), "bytes=" + 2 * PIECE + "-" + 3 * PIECE));

    assertThat(caller.awaitFinished().bytes().total()).isEqualTo(PIECE + 1);
    assertThat(caller.started.getFirst().wanted()).contains(new ByteRange(2 * PIECE, PIECE + 1));
    assertThat(caller.sortedPieces()).containsExactly(2, 3);
    StoredTask task = host.store.find(KEY).orElseThrow();
    assertThat(task.isComplete()).isFalse();
    assertThat(task.finishedAt()).isEmpty();
  }

  @Test
  void whatTwoCallersWaitForIsCountedOnce() throws Exception {
    byte[] content = bytes(8 * PIECE);
    TestOrigin origin = origin(content);
    origin.pauseMillis = 20;
    TestHost host = host("a");
    Caller one = start(host, request(origin));
    Caller two = start(host, request(origin));
    Caller part = start(host, Requests.withRange(request(origin), "bytes=0-" + (PIECE - 1)));

    assertThat(one.awaitFinished().bytes().origin()).isEqualTo(content.length);
    assertThat(two.awaitFinished().bytes().total()).isEqualTo(content.length);
    part.awaitFinished();
    assertThat(host.traffic).containsExactly(Map.entry(ByteSource.ORIGIN, (long) content.length));
  }

  @Test
  void aRangeNeedsRoomForItsPiecesAndNoMore() throws Exception {
    byte[] content = bytes(32 * PIECE);
    TestOrigin origin = origin(content);
    TestHost host = host("a", StoreOptions.defaults().withQuotaBytes(3L * PIECE));
    start(host, Requests.withRange(request(origin), "bytes=" + 2 * PIECE + "-" + 3 * PIECE))
        .awaitFinished();

    DownloadException failure = start(host, request(origin)).awaitFailed();

    assertThat(failure)
        .hasMessageContaining("not enough space for task")
        .hasMessageContaining("gc.policy.diskThreshold");
    start(host, Requests.withRange(request(origin), "bytes=0-0")).awaitFinished();
  }

  @Test
  void aRefusalOfTheOriginReachesEveryCallerWithItsStatus() throws Exception {
    TestOrigin origin = origin(bytes(10));
    origin.status = 403;
    TestHost host = host("a");
    Caller one = start(host, request(origin));
    Caller two = start(host, request(origin));

    for (Caller caller : List.of(one, two)) {
      DownloadException failure = caller.awaitFailed();
      assertThat(failure.code()).isEqualTo(Code.ORIGIN_REFUSED);
      assertThat(failure.originStatus()).hasValue(403);
      assertThat(failure).hasMessageNotContaining("secret");
    }
    await().until(() -> host.downloads.active() == 0);
  }

  @Test
  void aFullStoreIsAClearFailure() throws Exception {
    TestOrigin origin = origin(bytes(8 * PIECE));
    TestHost host = host("a", StoreOptions.defaults().withQuotaBytes(2L * PIECE));
    DownloadException failure = start(host, request(origin)).awaitFailed();

    assertThat(failure.code()).isEqualTo(Code.NO_SPACE);
  }

  @Test
  void partsNeedRoomForTheirOwnPiecesOnly() throws Exception {
    TestOrigin origin = origin(bytes(8 * PIECE));
    TestHost host = host("a", StoreOptions.defaults().withQuotaBytes(3L * PIECE));
    String three = "bytes=" + 2 * PIECE + "-" + (5 * PIECE - 1);
    start(host, Requests.withRange(request(origin), three)).awaitFinished();
    assertThat(host.store.freeBytes()).isZero();
    // They are there already.
    start(host, Requests.withRange(request(origin), three)).awaitFinished();
  }

  @Test
  void whatIsMissingOfAnUnfinishedTaskMustFitBeforeItIsRead() throws Exception {
    TestOrigin origin = origin(bytes(8 * PIECE));
    TestHost host = host("a", StoreOptions.defaults().withQuotaBytes(7L * PIECE));
    String two = "bytes=0-" + (2 * PIECE - 1);
    start(host, Requests.withRange(request(origin), two)).awaitFinished();
    await().until(() -> host.downloads.active() == 0);
    long read = origin.bytes.get();

    DownloadException failure = start(host, request(origin)).awaitFailed();
    assertThat(failure.code()).isEqualTo(Code.NO_SPACE);
    assertThat(failure).hasMessageContaining(Long.toString(6L * PIECE));
    assertThat(origin.bytes.get() - read).as("read for nothing").isLessThan(6L * PIECE);
    await().until(() -> host.downloads.active() == 0);
    // What an earlier one brought is still there.
    long before = origin.bytes.get();
    start(host, Requests.withRange(request(origin), two)).awaitFinished();
    assertThat(origin.bytes.get()).isEqualTo(before);
    assertThat(host.store.find(KEY).orElseThrow().pieces().get(0, 2).cardinality()).isEqualTo(2);
    await().untilAsserted(() -> assertThat(host.store.freeBytes()).as("set aside").isPositive());
  }

  @Test
  void oneCallersWishThatDoesNotFitIsNotTheOthers() throws Exception {
    TestOrigin origin = origin(bytes(8 * PIECE));
    origin.pauseMillis = 20;
    TestHost host = host("a", StoreOptions.defaults().withQuotaBytes(5L * PIECE));
    Caller part = start(host, Requests.withRange(request(origin), "bytes=0-" + (4 * PIECE - 1)));
    await().until(() -> !part.started.isEmpty());
    Caller whole = start(host, request(origin));

    assertThat(whole.awaitFailed().code()).isEqualTo(Code.NO_SPACE);
    assertThat(part.awaitFinished().bytes().total()).isEqualTo(4L * PIECE);
  }

  @Test
  void aCallerThatThrowsLeavesAloneTheOthers() throws Exception {
    byte[] content = bytes(2 * PIECE);
    TestOrigin origin = origin(content);
    TestHost host = host("a");
    Caller thrower = new Caller();
    host.downloads.start(
        request(origin),
        new DownloadListener() {
          @Override
          public void started(Started started) {
            throw new IllegalStateException("broken caller");
          }

          @Override
          public void finished(DownloadSummary summary) {
            thrower.finished(summary);
          }

          @Override
          public void failed(DownloadException failure) {
            thrower.failed(failure);
          }
        });
    Caller good = start(host, request(origin));
    good.awaitFinished();

    assertThat(stored(host)).isEqualTo(content);
  }

  @Test
  void whoComesWhileOneEndsIsServedByTheNext() throws Exception {
    byte[] content = bytes(PIECE);
    TestOrigin origin = origin(content);
    TestHost host = host("a");
    for (int i = 0; i < 30; i++) {
      Caller caller = start(host, request(origin));
      assertThat(caller.awaitFinished().bytes().total()).isEqualTo(content.length);
    }
    assertThat(origin.requests).hasSize(1);
  }

  @Test
  void aClosedDaemonTellsItsCallersAndTakesNoMore() throws Exception {
    TestOrigin origin = origin(bytes(30 * PIECE));
    origin.pauseMillis = 20;
    TestHost host = host("a");
    Caller caller = start(host, request(origin));
    await().atMost(Duration.ofSeconds(20)).until(() -> !caller.started.isEmpty());
    host.downloads.close();

    assertThat(caller.awaitFailed().code()).isEqualTo(Code.SHUTTING_DOWN);
    assertThat(
            catchThrowableOfType(
                    DownloadException.class,
                    () -> host.downloads.start(request(origin), new Caller()))
                .code())
        .isEqualTo(Code.SHUTTING_DOWN);
  }
}
