package io.dragonfly.daemon.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.UnixOperatingSystemMXBean;
import io.dragonfly.common.digest.Algorithm;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PieceStoreTest {
  private static final long MIB = 1 << 20;
  private static final StoreOptions KEEP = StoreOptions.defaults();

  @TempDir private Path temp;
  private final MutableClock clock = new MutableClock();
  private final TestContent content = TestContent.of(300_000, 131_072);
  private Path dir;
  private PieceStore store;

  @BeforeEach
  void open() throws IOException {
    dir = temp.resolve("store");
    store = PieceStore.open(dir, KEEP, clock);
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  private void reopen(StoreOptions options) throws IOException {
    store.close();
    store = PieceStore.open(dir, options, clock);
  }

  private StoredTask found() {
    return store.find(TestContent.KEY).orElseThrow();
  }

  private Path contentFile() {
    String id = TestContent.KEY.id().value();
    return dir.resolve("content/tasks").resolve(id.substring(0, 3)).resolve(id);
  }

  @Test
  void aPieceIsReadBackAsItWasWritten() throws IOException {
    StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    StoredPiece piece = content.store(task, 2);

    assertThat(piece.offset()).isEqualTo(262_144);
    assertThat(piece.length()).isEqualTo(37_856);
    assertThat(piece.crc32()).isEqualTo(Digest.crc32(content.crc(2)));
    assertThat(piece.root()).contains(content.root(2));
    assertThat(task.piece(2)).contains(piece);
    assertThat(task.blockHashes(2)).contains(content.hashes(2));
    assertThat(task.pieces().stream().boxed()).containsExactly(2);
    assertThat(task.isComplete()).isFalse();
    try (PieceView view = task.view(2)) {
      assertThat(TestContent.read(view)).isEqualTo(content.piece(2));
    }
    assertThat(contentFile()).exists().hasSize(300_000);
  }

  @Test
  void aTaskIsCompleteWithItsLastPiece() throws IOException {
    StoredTask task = content.storeAll(store);
    assertThat(task.isComplete()).isTrue();
    assertThat(task.finishedAt()).contains(clock.instant());
    assertThat(task.storedBytes()).isEqualTo(300_000);
    assertThat(store.usedBytes()).isEqualTo(300_000);
    assertThat(task.roots().keySet()).containsExactly(0, 1, 2);
    String sha256 = HexFormat.of().formatHex(TestContent.sha256(content.bytes()));
    assertThat(task.contentDigest(Algorithm.SHA256))
        .isEqualTo(new Digest(Algorithm.SHA256, sha256));
    Path copy = temp.resolve("copy");
    try (FileChannel target =
        FileChannel.open(copy, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      task.copyTo(target);
    }
    assertThat(copy).hasBinaryContent(content.bytes());
  }

  @Test
  void emptyContentIsCompleteAtOnce() throws IOException {
    ContentInfo empty = ContentInfo.of(0, PieceLayout.automaticPieceLength(0), "", Map.of());
    StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, empty);
    assertThat(task.isComplete()).isTrue();
    assertThat(task.contentDigest(Algorithm.CRC32)).isEqualTo(Digest.crc32(0));
  }

  @Test
  void aSecondEditorOfAPieceIsRefused() throws IOException {
    StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    PieceEditor first = task.edit(0).orElseThrow();
    assertThat(task.edit(0)).isEmpty();
    assertThat(task.edit(1)).isPresent();
    first.close();
    var _ = content.store(task, 0);
    assertThat(task.edit(0)).isEmpty();
  }

  @Test
  void whatAnEditorWroteIsInvisibleUntilItCommits() throws IOException {
    StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      editor.write(ByteBuffer.wrap(content.piece(0)));
      assertThat(task.hasPiece(0)).isFalse();
      assertThatThrownBy(() -> task.view(0)).isInstanceOf(MissingPieceException.class);
    }
    assertThat(task.hasPiece(0)).isFalse();
  }

  @Test
  void aWrongRootOrChecksumIsRefusedAndNothingIsKept() throws IOException {
    StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    for (boolean root : new boolean[] {true, false}) {
      try (PieceEditor editor = task.edit(0).orElseThrow()) {
        editor.write(ByteBuffer.wrap(content.piece(0)));
        assertThatThrownBy(() ->
                editor.commit(
                    root ? Optional.of(content.root(1)) : Optional.empty(),
                    root ? Optional.empty() : Optional.of(Digest.crc32(content.crc(1))),
                    TrafficType.REMOTE_PEER,
                    "peer",
                    TestContent.COST))
            .isInstanceOf(CorruptPieceException.class)
            .hasMessageContaining("piece 0");
      }
      assertThat(task.hasPiece(0)).isFalse();
    }
  }

  @Test
  void aRootIsKeptOnlyWhenItWasExpectedOrTheOriginWasRead() throws IOException {
    StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      editor.write(ByteBuffer.wrap(content.piece(0)));
      StoredPiece piece =
          editor.commit(
              Optional.empty(),
              Optional.of(Digest.crc32(content.crc(0))),
              TrafficType.REMOTE_PEER,
              "peer",
              TestContent.COST);
      assertThat(piece.root()).isEmpty();
      assertThat(piece.parentId()).isEqualTo("peer");
    }
    try (PieceEditor editor = task.edit(1).orElseThrow()) {
      editor.write(ByteBuffer.wrap(content.piece(1)));
      StoredPiece piece =
          editor.commit(
              Optional.of(content.root(1)),
              Optional.empty(),
              TrafficType.REMOTE_PEER,
              "peer",
              TestContent.COST);
      assertThat(piece.root()).contains(content.root(1));
    }
    assertThat(task.roots().keySet()).containsExactly(1);
  }

  @Test
  void blocksThatWereVerifiedAreKeptForTheNextEditor() throws IOException {
    TestContent large = TestContent.of(10 * 65_536 + 5, MIB);
    StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, large.info());
    byte[] piece = large.piece(0);
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      editor.expect(large.hashes(0));
      editor.write(ByteBuffer.wrap(piece, 0, 3 * 65_536 + 100));
      assertThat(editor.missingBlocks().first()).isEqualTo(3);
    }
    reopen(KEEP);
    try (PieceEditor editor = found().edit(0).orElseThrow()) {
      assertThat(editor.missingBlocks().first()).isEqualTo(3);
      assertThat(editor.position()).isEqualTo(3 * 65_536);
      assertThat(editor.hashes()).contains(large.hashes(0));
      byte[] wrong = piece.clone();
      wrong[5 * 65_536] ^= 1;
      assertThatThrownBy(
              () -> editor.write(ByteBuffer.wrap(wrong, 3 * 65_536, piece.length - 3 * 65_536)))
          .isInstanceOf(CorruptPieceException.class)
          .hasMessageContaining("block 5");
    }
    try (PieceEditor editor = found().edit(0).orElseThrow()) {
      assertThat(editor.missingBlocks().first()).isEqualTo(5);
      editor.write(ByteBuffer.wrap(piece, 5 * 65_536, piece.length - 5 * 65_536));
      assertThat(editor.missingBlocks().isEmpty()).isTrue();
    }
    try (PieceEditor editor = found().edit(0).orElseThrow()) {
      assertThat(editor.position()).isEqualTo(piece.length);
      StoredPiece stored =
          editor.commit(
              Optional.of(large.root(0)),
              Optional.of(Digest.crc32(large.crc(0))),
              TrafficType.REMOTE_PEER,
              "peer",
              TestContent.COST);
      assertThat(stored.crc32()).isEqualTo(Digest.crc32(large.crc(0)));
    }
    try (PieceView view = found().view(0)) {
      assertThat(TestContent.read(view)).isEqualTo(piece);
    }
  }

  @Test
  void otherHashesForgetWhatWasVerifiedBefore() throws IOException {
    TestContent first = TestContent.of(4 * 65_536, MIB);
    TestContent second = TestContent.of(4 * 65_536, MIB);
    second.bytes()[0] ^= 1;
    second.bytes()[65_536] ^= 1;
    StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, first.info());
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      editor.expect(first.hashes(0));
      editor.write(ByteBuffer.wrap(first.piece(0), 0, 2 * 65_536));
    }
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      editor.expect(second.hashes(0));
      assertThat(editor.missingBlocks().first()).isZero();
      editor.write(ByteBuffer.wrap(second.piece(0), 0, 2 * 65_536));
    }
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      assertThat(editor.hashes()).contains(second.hashes(0));
      assertThat(editor.missingBlocks().first()).isEqualTo(2);
      editor.write(ByteBuffer.wrap(second.piece(0), 2 * 65_536, 2 * 65_536));
      var _ =
          editor.commit(
              Optional.of(second.root(0)),
              Optional.empty(),
              TrafficType.REMOTE_PEER,
              "p",
              TestContent.COST);
    }
    try (PieceView view = task.view(0)) {
      assertThat(TestContent.read(view)).isEqualTo(second.piece(0));
    }
  }

  @Test
  void aRestartKeepsTasksUnlessToldOtherwise() throws IOException {
    StoredTask task = content.storeAll(store);
    task.markPrefetched();
    task.markFailed();
    Optional<StoredPiece> before = task.piece(1);
    clock.advance(Duration.ofHours(1));
    reopen(KEEP);
    StoredTask kept = found();
    assertThat(kept.isComplete()).isTrue();
    assertThat(kept.content()).isEqualTo(content.info());
    assertThat(kept.origin()).isEqualTo(TestContent.ORIGIN);
    assertThat(kept.createdAt()).isEqualTo(task.createdAt());
    assertThat(kept.prefetchedAt()).isEqualTo(task.prefetchedAt()).isPresent();
    assertThat(kept.failedAt()).isEqualTo(task.failedAt()).isPresent();
    assertThat(kept.piece(1)).isEqualTo(before).isPresent();

    reopen(KEEP.withKeep(false));
    assertThat(store.find(TestContent.KEY)).isEmpty();
    assertThat(contentFile()).doesNotExist();
  }

  @Test
  void aPieceDamagedInAnUncleanStopIsDroppedAtItsFirstUse() throws IOException {
    var _ = content.storeAll(store);
    Path crashed = TestContent.copyOf(dir, temp.resolve("crashed"));
    damage(crashed.resolve(dir.relativize(contentFile())), 131_072 + 70_000);
    try (PieceStore after = PieceStore.open(crashed, KEEP, clock)) {
      StoredTask task = after.find(TestContent.KEY).orElseThrow();
      assertThat(task.hasPiece(1)).isTrue();
      try (PieceView view = task.view(0)) {
        assertThat(TestContent.read(view)).isEqualTo(content.piece(0));
      }
      assertThatThrownBy(() -> task.view(1)).isInstanceOf(MissingPieceException.class);
      assertThat(task.hasPiece(1)).isFalse();
      assertThatThrownBy(() -> task.contentDigest(Algorithm.MD5))
          .isInstanceOf(IllegalStateException.class);
    }
    // Piece 2 wasn't used in between: the clean stop doesn't make it right.
    damage(crashed.resolve(dir.relativize(contentFile())), 262_144);
    try (PieceStore after = PieceStore.open(crashed, KEEP, clock)) {
      StoredTask task = after.find(TestContent.KEY).orElseThrow();
      assertThat(task.hasPiece(1)).isFalse();
      assertThatThrownBy(() -> task.view(2)).isInstanceOf(MissingPieceException.class);
    }
  }

  @Test
  void afterACleanStopNothingIsReadAgain() throws IOException {
    var _ = content.storeAll(store);
    store.close();
    damage(contentFile(), 5);
    store = PieceStore.open(dir, KEEP, clock);
    try (PieceView view = found().view(0)) {
      assertThat(TestContent.read(view)).isNotEqualTo(content.piece(0));
    }
  }

  @Test
  void anUnreadableMarkerPutsEverythingInDoubt() throws IOException {
    var _ = content.storeAll(store);
    store.close();
    damage(contentFile(), 5);
    Files.writeString(dir.resolve("dragonfly-store"), "session what\n");
    store = PieceStore.open(dir, KEEP, clock);
    assertThatThrownBy(() -> found().view(0)).isInstanceOf(MissingPieceException.class);
  }

  private static void damage(Path file, long position) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, position);
      one.put(0, (byte) ~one.get(0)).rewind();
      channel.write(one, position);
    }
  }

  @Test
  void aJournalCutAnywhereLosesWhatIsBehindTheCutAndNothingElse() throws IOException {
    StoredTask task = content.storeAll(store);
    var _ = task;
    store.close();
    Path journal = contentFile().resolveSibling(TestContent.KEY.id().value() + "~meta");
    byte[] whole = Files.readAllBytes(journal);
    int before = 4;
    for (int length = whole.length; length >= 0; length--) {
      Files.write(journal, Arrays.copyOf(whole, length));
      boolean gone;
      try (PieceStore after = PieceStore.open(dir, KEEP, clock)) {
        Optional<StoredTask> left = after.find(TestContent.KEY);
        gone = left.isEmpty();
        if (!gone) {
          int pieces = left.get().pieces().cardinality();
          assertThat(pieces).isLessThanOrEqualTo(before);
          before = pieces;
          for (int i = 0; i < pieces; i++) {
            try (PieceView view = left.get().view(i)) {
              assertThat(view.piece().root()).contains(content.root(i));
            }
          }
        }
      }
      if (gone) {
        assertThat(before).isZero();
        assertThat(contentFile()).doesNotExist();
        break;
      }
    }
    store = PieceStore.open(dir, KEEP, clock);
  }

  @Test
  void aFlippedByteOfAJournalNeverGivesWrongPieces() throws IOException {
    TestContent small = TestContent.of(1000, 600);
    var _ = small.storeAll(store);
    store.close();
    Path journal = contentFile().resolveSibling(TestContent.KEY.id().value() + "~meta");
    byte[] whole = Files.readAllBytes(journal);
    byte[] bytes = Files.readAllBytes(contentFile());
    for (int at = 0; at < whole.length; at++) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 0x10;
      Files.write(journal, flipped);
      Files.write(contentFile(), bytes);
      try (PieceStore after = PieceStore.open(dir, KEEP, clock)) {
        Optional<StoredTask> left = after.find(TestContent.KEY);
        if (left.isPresent()) {
          assertThat(left.get().content()).isEqualTo(small.info());
          left.get().pieces().stream()
              .forEach(i ->
                  assertThat(left.get().piece(i).orElseThrow().root()).contains(small.root(i)));
        }
      }
    }
    store = PieceStore.open(dir, KEEP, clock);
  }

  @Test
  void twoStoresCannotShareADirectory() {
    assertThatThrownBy(() -> PieceStore.open(dir, KEEP, clock))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(dir.toString())
        .hasMessageContaining("in use");
  }

  @Test
  void contentOfSomebodyElseIsRefusedAndLeftAlone() throws IOException {
    Path foreign = temp.resolve("foreign");
    Path file = foreign.resolve("content/tasks/abc/abcdef");
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Files.writeString(file, "precious");
    assertThatThrownBy(() -> PieceStore.open(foreign, KEEP.withKeep(false), clock))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(foreign.toString())
        .hasMessageContaining("did not write");
    assertThat(file).hasContent("precious");
  }

  @Test
  void otherFilesInTheDirectoryAreNeverTouched() throws IOException {
    Path other = dir.resolve("metadata/CURRENT");
    Files.createDirectories(Objects.requireNonNull(other.getParent()));
    Files.writeString(other, "precious");
    reopen(KEEP.withKeep(false));
    assertThat(other).hasContent("precious");
  }

  @Test
  void leftoversOfACrashAreRemovedAtOpen() throws IOException {
    var _ = content.storeAll(store);
    store.close();
    Path directory = Objects.requireNonNull(contentFile().getParent());
    Path orphan = directory.resolve("012withoutjournal");
    Path journal = directory.resolve("012withoutcontent~meta");
    Path retired = directory.resolve("012x~old7");
    for (Path file : List.of(orphan, journal, retired)) {
      Files.writeString(file, "left");
    }
    store = PieceStore.open(dir, KEEP, clock);
    assertThat(orphan).doesNotExist();
    assertThat(journal).doesNotExist();
    assertThat(retired).doesNotExist();
    assertThat(found().isComplete()).isTrue();
  }

  @Test
  void viewsGoOnWhenTheTaskIsDeletedOrReplaced() throws IOException {
    StoredTask old = content.storeAll(store);
    PieceView view = old.view(1);
    TestContent next = TestContent.of(200_000, 131_072);
    List<String> events = new ArrayList<>();
    old.listen(
        new StoreListener() {
          @Override
          public void pieceFinished(int number) {}

          @Override
          public void deleted() {
            events.add("deleted");
          }
        });
    StoredTask replacement = next.storeAll(store);
    assertThat(events).containsExactly("deleted");
    assertThat(found()).isSameAs(replacement);
    assertThat(TestContent.read(view)).isEqualTo(content.piece(1));
    assertThat(old.file()).exists().hasBinaryContent(content.bytes());
    assertThat(old.piece(0)).isPresent();
    Path retired = old.file();
    view.close();
    assertThat(retired).doesNotExist();
    assertThat(old.tryPin()).isEmpty();
    assertThatThrownBy(() -> old.view(1)).isInstanceOf(MissingPieceException.class);

    assertThat(store.delete(TestContent.KEY)).isTrue();
    assertThat(store.delete(TestContent.KEY)).isFalse();
    try (var files = Files.list(Objects.requireNonNull(contentFile().getParent()))) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void listenersHearOfPiecesAsTheyComeAndMayAskTheStore() throws IOException {
    StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    List<Integer> heard = Collections.synchronizedList(new ArrayList<>());
    task.listen(
        new StoreListener() {
          @Override
          public void pieceFinished(int number) {
            assertThat(task.hasPiece(number)).isTrue();
            heard.add(number);
          }

          @Override
          public void deleted() {}
        });
    var _ = content.store(task, 2);
    var _ = content.store(task, 0);
    assertThat(heard).containsExactly(2, 0);
  }

  @Test
  void contentOfUnknownLengthBecomesATaskWithRoots() throws IOException {
    ContentInfo unknown = new ContentInfo(OptionalLong.empty(), 131_072, "v1", Map.of());
    StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, unknown);
    assertThatThrownBy(task::layout).isInstanceOf(IllegalStateException.class);
    try (StreamEditor stream = task.stream().orElseThrow()) {
      assertThat(task.stream()).isEmpty();
      for (int at = 0; at < 300_000; at += 7000) {
        stream.append(ByteBuffer.wrap(content.bytes(), at, Math.min(7000, 300_000 - at)));
      }
      assertThat(task.pieces().isEmpty()).isTrue();
      stream.complete(content.info());
    }
    assertThat(task.isComplete()).isTrue();
    for (int i = 0; i < 3; i++) {
      assertThat(task.piece(i).orElseThrow().root()).contains(content.root(i));
    }
    reopen(KEEP);
    assertThat(found().isComplete()).isTrue();
    assertThat(found().piece(2).orElseThrow().crc32()).isEqualTo(Digest.crc32(content.crc(2)));
  }

  @Test
  void anotherPieceLengthAtTheEndHashesAgain() throws IOException {
    ContentInfo unknown = new ContentInfo(OptionalLong.empty(), 0, "v1", Map.of());
    StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, unknown);
    try (StreamEditor stream = task.stream().orElseThrow()) {
      stream.append(ByteBuffer.wrap(content.bytes()));
      stream.complete(content.info());
    }
    reopen(KEEP);
    assertThat(found().isComplete()).isTrue();
    for (int i = 0; i < 3; i++) {
      assertThat(found().piece(i).orElseThrow().root()).contains(content.root(i));
    }
  }

  @Test
  void aStreamThatIsGivenUpLeavesNothing() throws IOException {
    ContentInfo unknown = new ContentInfo(OptionalLong.empty(), 0, "v1", Map.of());
    StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, unknown);
    try (StreamEditor stream = task.stream().orElseThrow()) {
      stream.append(ByteBuffer.wrap(content.bytes()));
    }
    assertThat(store.find(TestContent.KEY)).isEmpty();
    assertThat(contentFile()).doesNotExist();
  }

  @Test
  void aTaskThatDoesNotFitIsRefusedWithNumbers() throws IOException {
    reopen(KEEP.withQuotaBytes(500_000));
    StoredTask first = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    Pin pin = first.pin();
    assertThat(store.freeBytes()).isEqualTo(200_000);
    assertThatThrownBy(
            () -> store.create(TestContent.key("second"), TestContent.ORIGIN, content.info()))
        .isInstanceOf(NoSpaceException.class)
        .hasMessageContaining("300000")
        .hasMessageContaining("200000")
        .hasMessageContaining("quota");
    assertThat(store.find(TestContent.key("second"))).isEmpty();
    // A part of it fits.
    StoredTask part =
        store.create(TestContent.key("second"), TestContent.ORIGIN, content.info(), 100_000);
    assertThat(store.freeBytes()).isEqualTo(100_000);
    assertThatThrownBy(() -> part.reserve(100_001)).isInstanceOf(NoSpaceException.class);
    var _ = content.store(first, 0);
    assertThat(store.freeBytes()).isEqualTo(100_000);
    pin.close();
    assertThat(store.freeBytes()).isEqualTo(500_000 - 131_072 - 100_000);
  }

  @Test
  void roomIsMadeByEvictingWhatNobodyUses() throws IOException {
    reopen(KEEP.withQuotaBytes(700_000));
    List<TaskKey> evicted = new ArrayList<>();
    store.onWithdrawn(evicted::add);
    StoredTask pinned = storedAs("pinned");
    Pin pin = pinned.pin();
    clock.advance(Duration.ofSeconds(1));
    var _ = storedAs("old");
    clock.advance(Duration.ofSeconds(1));
    var _ = store.create(TestContent.key("new"), TestContent.ORIGIN, content.info());
    assertThat(evicted).containsExactly(TestContent.key("old"));
    assertThat(store.find(TestContent.key("pinned"))).isPresent();
    pin.close();
  }

  @Test
  void nothingIsEvictedForWhatDoesNotFitAnyway() throws IOException {
    reopen(KEEP.withQuotaBytes(700_000));
    StoredTask pinned = storedAs("pinned");
    try (Pin _ = pinned.pin()) {
      var _ = storedAs("old");
      assertThatThrownBy(() -> pinned.reserve(600_000)).isInstanceOf(NoSpaceException.class);
    }
    assertThat(store.find(TestContent.key("old"))).isPresent();
  }

  private StoredTask storedAs(String id) throws IOException {
    StoredTask task = store.create(TestContent.key(id), TestContent.ORIGIN, content.info());
    for (int i = 0; i < 3; i++) {
      var _ = content.store(task, i);
    }
    return task;
  }

  @Test
  void aFullDiskIsToldByTheProbe() throws IOException {
    store.close();
    FakeDisk disk = new FakeDisk(1_000_000, 299_999);
    store = PieceStore.open(dir, KEEP, clock, disk);
    assertThatThrownBy(() -> store.create(TestContent.KEY, TestContent.ORIGIN, content.info()))
        .isInstanceOf(NoSpaceException.class);
    disk.usable(300_000);
    var _ = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
  }

  @Test
  void aDiskThatFillsUpWhileWritingIsToldAsSuch() {
    Path full = Path.of("/dev/full");
    assumeThat(full).exists();
    try (OpenFiles files = new OpenFiles(1)) {
      SharedFile file = new SharedFile(files, full);
      assertThatThrownBy(() -> file.write(ByteBuffer.allocate(10), 0))
          .isInstanceOf(NoSpaceException.class)
          .hasMessageContaining("/dev/full");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** The kernel answers EIO to whoever writes to the first page of a process. */
  @Test
  void aDiskThatFailsIsNamedAndCostsTheOthersNothing() throws IOException {
    Path broken = Path.of("/proc/self/mem");
    assumeThat(broken).exists();
    store.close();
    // A file that is kept open would hide what becomes of its name.
    store = PieceStore.open(dir, new StoreOptions(true, 0, /* openFiles= */ 1), clock);
    StoredTask other = storedAs("other");
    StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    Files.delete(contentFile());
    Files.createSymbolicLink(contentFile(), broken);
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      assertThatThrownBy(() -> editor.write(ByteBuffer.wrap(content.piece(0))))
          .isExactlyInstanceOf(IOException.class)
          .hasMessageContaining("cannot write " + contentFile())
          .hasMessageContaining("Input/output error");
    }
    assertThat(task.hasPiece(0)).isFalse();
    assertThat(store.delete(TestContent.KEY)).isTrue();
    assertThat(contentFile()).doesNotExist();
    try (PieceView view = other.view(1)) {
      assertThat(TestContent.read(view)).isEqualTo(content.piece(1));
    }
  }

  @Test
  void whatIsPromisedToOneIsNotPromisedToAnother() throws Exception {
    reopen(KEEP.withQuotaBytes(10 * 300_000 + 299_999));
    List<Callable<Pin>> downloads = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      TaskKey key = TestContent.key("parallel" + i);
      downloads.add(() -> store.create(key, TestContent.ORIGIN, content.info()).pin());
    }
    List<Pin> begun = new ArrayList<>();
    int refused = 0;
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      for (Future<Pin> download : threads.invokeAll(downloads)) {
        try {
          begun.add(download.get());
        } catch (ExecutionException e) {
          assertThat(e).hasCauseInstanceOf(NoSpaceException.class);
          refused++;
        }
      }
    }
    assertThat(begun).hasSizeLessThanOrEqualTo(10).isNotEmpty();
    assertThat(begun.size() + refused).isEqualTo(40);
    assertThat(store.freeBytes()).isEqualTo(10 * 300_000 + 299_999 - begun.size() * 300_000L);
    begun.forEach(Pin::close);
    assertThat(store.freeBytes()).as("nothing was written").isEqualTo(10 * 300_000 + 299_999);
  }

  @Test
  void collectionEvictsTheLeastRecentlyUsedDownToTheLowMark() throws IOException {
    store.close();
    FakeDisk disk = new FakeDisk(10_000_000, 10_000_000);
    store = PieceStore.open(dir, KEEP, clock, disk);
    for (String id : List.of("a", "b", "linked", "pinned", "c")) {
      var _ = storedAs(id);
      clock.advance(Duration.ofMinutes(1));
    }
    Pin pin = store.find(TestContent.key("pinned")).orElseThrow().pin();
    StoredTask linked = store.find(TestContent.key("linked")).orElseThrow();
    Files.createLink(temp.resolve("output"), linked.file());
    store.find(TestContent.key("a")).orElseThrow().view(0).close(); // Now the latest used.
    clock.advance(Duration.ofMinutes(1));

    GcPolicy policy = GcPolicy.defaults(); // 80 and 60 percent
    disk.usable(2_100_000);
    assertThat(store.collect(policy, clock.instant()).evicted()).isEmpty();
    disk.usable(2_000_000); // 80 % used: 2 000 000 bytes too many for 60 %, all may go
    disk.usable(1_500_000);
    Collected collected =
        store.collect(
            new GcPolicy(policy.taskTtl(), policy.taskTtl(), policy.taskTtl(), 80, 79),
            clock.instant());
    assertThat(collected.evicted()).containsExactly(TestContent.key("b"), TestContent.key("c"));
    assertThat(collected.freedBytes()).isEqualTo(600_000);
    assertThat(collected.expired()).isEmpty();
    pin.close();
  }

  @Test
  void collectionRemovesWhatIsPastItsTime() throws IOException {
    var _ = storedAs("ordinary");
    TaskKey persistent =
        new TaskKey(Kind.PERSISTENT_CACHE_TASK, TestContent.key("persistent").id());
    TaskOrigin twoDays =
        new TaskOrigin(new byte[0], Optional.of(Duration.ofDays(2)), /* replicas= */ 3);
    var _ = store.create(persistent, twoDays, content.info());
    clock.advance(Duration.ofDays(1).plusMinutes(1));
    assertThat(store.collect(GcPolicy.defaults(), clock.instant()).expired()).isEmpty();
    clock.advance(Duration.ofDays(1));
    assertThat(store.collect(GcPolicy.defaults(), clock.instant()).expired())
        .containsExactly(persistent);
    clock.advance(Duration.ofDays(29));
    assertThat(store.collect(GcPolicy.defaults(), clock.instant()).expired())
        .containsExactly(TestContent.key("ordinary"));
    assertThat(store.usedBytes()).isZero();
  }

  @Test
  void theTimeOfUseOutlivesARestart() throws IOException {
    var _ = storedAs("a");
    clock.advance(Duration.ofMinutes(1));
    var _ = storedAs("b");
    clock.advance(Duration.ofMinutes(1));
    store.find(TestContent.key("a")).orElseThrow().view(0).close();
    clock.advance(Duration.ofMinutes(1));
    reopen(KEEP);
    assertThat(store.list(Kind.TASK).stream().map(task -> task.key().id().value()))
        .containsExactly("b", "a");
  }

  @Test
  void idsOfAnyLegalLengthAreStored() throws IOException {
    List<String> ids = List.of("a", "ab", "x".repeat(128), "y".repeat(254) + "..", "z".repeat(200));
    for (String id : ids) {
      var _ = storedAs(id);
    }
    reopen(KEEP);
    assertThat(store.list(Kind.TASK).stream().map(task -> task.key().id().value()))
        .containsExactlyInAnyOrderElementsOf(ids);
    for (String id : ids) {
      assertThat(store.find(TestContent.key(id)).orElseThrow().isComplete()).isTrue();
    }
  }

  @Test
  void idleTasksHoldFewFileDescriptors() throws IOException {
    reopen(new StoreOptions(true, 0, /* openFiles= */ 4));
    long before = openFiles();
    List<PieceView> views = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      views.add(storedAs("task" + i).view(0));
    }
    for (PieceView view : views) {
      assertThat(TestContent.read(view)).isEqualTo(content.piece(0));
    }
    assertThat(openFiles() - before).isLessThanOrEqualTo(4 + 1);
    for (PieceView view : views) {
      view.close();
    }
    store.close();
    assertThat(openFiles() - before).isLessThanOrEqualTo(0);
    store = PieceStore.open(dir, KEEP, clock);
  }

  private static long openFiles() {
    return ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getOpenFileDescriptorCount();
  }

  @Test
  void aReaderThatIsInterruptedDoesNotDisturbOthers() throws Exception {
    StoredTask task = content.storeAll(store);
    CountDownLatch interrupted = new CountDownLatch(1);
    Thread reader =
        Thread.ofPlatform()
            .start(() -> {
              try (PieceView view = task.view(0)) {
                Thread.currentThread().interrupt();
                var _ = TestContent.read(view);
              } catch (IOException e) {
                interrupted.countDown();
              }
            });
    reader.join();
    assertThat(interrupted.getCount()).isZero();
    try (PieceView view = task.view(1)) {
      assertThat(TestContent.read(view)).isEqualTo(content.piece(1));
    }
  }
}
