package io.dragonfly.daemon.storage;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class ScrubberTest {
  private static final Scrubber.Options FAST =
      new Scrubber.Options(Long.MAX_VALUE, Duration.ofMillis(10));

  @TempDir private Path dir;
  private final MutableClock clock = new MutableClock();
  private final TestContent content = TestContent.of(300_000, 131_072);

  private static void rot(StoredTask task, long position) throws IOException {
    try (FileChannel file = FileChannel.open(task.file(), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}), position);
    }
  }

  @Test
  void whatRottedIsDroppedAndTakenAnewAndTheRestStays() throws IOException {
    try (PieceStore store = PieceStore.open(dir, StoreOptions.defaults(), clock)) {
      StoredTask task = content.storeAll(store);
      List<TaskKey> withdrawn = new CopyOnWriteArrayList<>();
      store.onWithdrawn(withdrawn::add);
      Instant used = task.updatedAt();
      clock.advance(Duration.ofHours(1));
      rot(task, 131_072 + 70_000);
      try (Scrubber scrubber = new Scrubber(store, FAST)) {
        scrubber.start();
        await().until(() -> store.damagedPieces() == 1);
      }
      assertThat(task.pieces().stream().boxed()).containsExactly(0, 2);
      assertThat(withdrawn).containsExactly(TestContent.KEY);
      assertThat(task.updatedAt()).as("reading again is no use").isEqualTo(used);
      var _ = content.store(task, 1);
      assertThat(task.isComplete()).isTrue();
      assertThat(task.file()).hasBinaryContent(content.bytes());
    }
  }

  @Test
  void whatWasDroppedStaysSoAfterALossOfPower() throws IOException {
    Path source = dir.resolve("source");
    try (PieceStore store = PieceStore.open(source, StoreOptions.defaults(), clock)) {
      var _ = content.storeAll(store);
    }
    try (PieceStore store = PieceStore.open(source, StoreOptions.defaults(), clock)) {
      StoredTask task = store.find(TestContent.KEY).orElseThrow();
      rot(task, 5);
      assertThat(task.scrub(0)).isFalse();
      assertThat(task.scrub(1)).isTrue();
      Path copy = TestContent.copyOf(source, dir.resolve("copy"));
      try (PieceStore after = PieceStore.open(copy, StoreOptions.defaults(), clock)) {
        assertThat(after.find(TestContent.KEY).orElseThrow().pieces().stream().boxed())
            .containsExactly(1, 2);
      }
    }
  }

  @Test
  void aPieceThatCannotBeReadIsDroppedToo() throws IOException {
    try (PieceStore store = PieceStore.open(dir, StoreOptions.defaults(), clock)) {
      StoredTask task = content.storeAll(store);
      try (FileChannel file = FileChannel.open(task.file(), StandardOpenOption.WRITE)) {
        file.truncate(131_072);
      }
      assertThat(task.scrub(2)).isFalse();
      assertThat(task.scrub(0)).isTrue();
      assertThat(task.pieces().stream().boxed()).containsExactly(0, 1);
    }
  }

  @Test
  void aLinkThatItsOwnerChangedStaysAsHeMadeIt() throws IOException {
    try (PieceStore store = PieceStore.open(dir.resolve("store"), StoreOptions.defaults(), clock)) {
      StoredTask task = content.storeAll(store);
      Path output = Files.createLink(dir.resolve("output"), task.file());
      Files.writeString(output, "mine now");
      assertThat(task.scrub(0)).isFalse();
      assertThat(store.find(TestContent.KEY)).isEmpty();
      StoredTask again = content.storeAll(store);
      assertThat(again.file()).hasBinaryContent(content.bytes());
      assertThat(output).hasContent("mine now");
    }
  }

  @Test
  void whatNobodyUsesIsCooledOnceAndWhatIsUsedNot() throws IOException {
    try (PieceStore store = PieceStore.open(dir, StoreOptions.defaults(), clock)) {
      StoredTask task = content.storeAll(store);
      Duration idle = Duration.ofMinutes(40);
      assertThat(store.cool(idle, clock.instant())).isZero();
      clock.advance(Duration.ofMinutes(41));
      boolean linux = System.getProperty("os.name").equals("Linux");
      try (FileChannel file = FileChannel.open(task.file(), StandardOpenOption.WRITE)) {
        file.force(false); // What is not on the disk yet is kept.
      }
      Optional<Long> before = pagesInMemory(task.file());
      assertThat(store.cool(idle, clock.instant())).isEqualTo(linux ? 1 : 0);
      if (before.isPresent()) {
        assertThat(before.get()).isPositive();
        assertThat(pagesInMemory(task.file())).contains(0L);
      }
      assertThat(store.cool(idle, clock.instant())).isZero();
      try (PieceView view = task.view(0)) {
        assertThat(TestContent.read(view)).isEqualTo(content.piece(0));
      }
      assertThat(store.cool(idle, clock.instant())).isZero();
    }
  }

  /** As util-linux counts them; empty where it is not installed or the file has no other place. */
  private static Optional<Long> pagesInMemory(Path file) throws IOException {
    if (Files.getFileStore(file).type().equals("tmpfs")) {
      return Optional.empty();
    }
    try {
      Process fincore =
          new ProcessBuilder("fincore", "--noheadings", "--output", "PAGES", file.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String pages = new String(fincore.getInputStream().readAllBytes(), US_ASCII).strip();
      return pages.isEmpty() ? Optional.empty() : Optional.of(Long.parseLong(pages));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
