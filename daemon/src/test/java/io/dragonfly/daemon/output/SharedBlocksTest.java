package io.dragonfly.daemon.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import io.dragonfly.common.file.Directories;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.daemon.LoopDisk;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TestContent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A file that is given out shares its blocks with the cache where the file system can do that. */
@Timeout(60)
class SharedBlocksTest {
  private static final int MIB = 1 << 20;
  private static final TestContent CONTENT = TestContent.of(9 * MIB + 5000, 2 * MIB);

  private static final FileTime LONG_AGO = FileTime.from(Instant.EPOCH);

  @TempDir Path dir;

  /** Gives the wanted part out; says whether all of it shares its blocks. */
  private static boolean deliver(StoredTask task, Path path, ByteRange wanted) throws Exception {
    OutputFile file = OutputFile.create(new OutputTarget(path, true, false));
    try (FileDelivery delivery = new FileDelivery(file)) {
      delivery.begin(task, Optional.of(wanted));
      // In another order than that of the content.
      for (int number = CONTENT.layout().pieceCount() - 1; number >= 0; number--) {
        delivery.add(number);
      }
      delivery.finish();
    }
    return file.shares();
  }

  /** As if it had been written: it is not as old as what the cache has. */
  private static void assertIsNew(Path out) throws IOException {
    assertThat(Files.getLastModifiedTime(out)).isGreaterThan(LONG_AGO);
  }

  private static PieceStore open(Path directory) throws IOException {
    return PieceStore.open(directory.resolve("store"), StoreOptions.defaults(), Clock.systemUTC());
  }

  private static byte[] bytes(ByteRange range) {
    return Arrays.copyOfRange(CONTENT.bytes(), (int) range.start(), (int) range.endExclusive());
  }

  @Test
  void aPartOfAPieceThatIsNotWholeIsCopied() throws Exception {
    try (PieceStore store = open(dir)) {
      StoredTask task = store.create(TestContent.KEY, TestContent.ORIGIN, CONTENT.info());
      long block = CONTENT.layout().blockLength();
      ByteRange wanted = new ByteRange(2 * MIB + 5 * block + 9, block);
      try (PieceEditor editor = task.edit(1).orElseThrow()) {
        editor.expect(CONTENT.hashes(1));
        editor.moveTo(5);
        editor.write(
            ByteBuffer.wrap(CONTENT.piece(1), (int) (5 * block), (int) (2 * block)).slice());
      }
      OutputFile file = OutputFile.create(new OutputTarget(dir.resolve("out"), true, false));
      try (FileDelivery delivery = new FileDelivery(file)) {
        delivery.begin(task, Optional.of(wanted));
        delivery.add(1);
        delivery.finish();
      }
      assertThat(dir.resolve("out")).hasBinaryContent(bytes(wanted));
    }
  }

  @Test
  void whereBlocksCanBeSharedTheyAreAndEachFileIsItsOwn() throws Exception {
    try (LoopDisk disk = LoopDisk.mount(dir)) {
      Path out = disk.directory().resolve("out");
      try (PieceStore store = open(disk.directory())) {
        StoredTask task = CONTENT.storeAll(store);
        ByteRange whole = new ByteRange(0, CONTENT.bytes().length);

        Files.setLastModifiedTime(task.file(), LONG_AGO);
        assertThat(deliver(task, out, whole)).isTrue();
        assertThat(out).hasBinaryContent(CONTENT.bytes());
        assertIsNew(out);

        // What its owner does to it does not reach the cache.
        try (FileChannel edited = FileChannel.open(out, StandardOpenOption.WRITE)) {
          int _ = edited.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 0);
        }
        assertThat(task.file()).hasBinaryContent(CONTENT.bytes());

        // Parts may begin where no block does.
        ByteRange part = new ByteRange(1000, 3 * MIB);
        assertThat(deliver(task, out, part)).isFalse();
        assertThat(out).hasBinaryContent(bytes(part));
      }
    }
  }

  /** A disk that is too full for a copy, and not for a file that shares its blocks. */
  @Test
  void whatSharesItsBlocksNeedsNoRoom() throws Exception {
    try (LoopDisk disk = LoopDisk.mount(dir);
        PieceStore store = open(disk.directory())) {
      StoredTask task = CONTENT.storeAll(store);
      Path filler = disk.directory().resolve("filler");
      fill(filler, CONTENT.bytes().length / 2);
      assertThat(Files.getFileStore(filler).getUsableSpace()).isLessThan(CONTENT.bytes().length);

      Path out = disk.directory().resolve("out");
      assertThat(deliver(task, out, new ByteRange(0, CONTENT.bytes().length))).isTrue();
      assertThat(out).hasBinaryContent(CONTENT.bytes());

      // What can't share them does.
      Path copy = disk.directory().resolve("copy");
      assertThatThrownBy(() -> deliver(task, copy, new ByteRange(1, CONTENT.bytes().length - 1)))
          .isInstanceOf(OutputException.class)
          .hasMessageContaining("make room");
      assertThat(copy).doesNotExist();
      Files.delete(filler);
    }
  }

  /** Leaves so many bytes at most. */
  private static void fill(Path filler, long left) throws IOException {
    byte[] bytes = new byte[MIB];
    new SplittableRandom(7).nextBytes(bytes);
    try (FileChannel channel =
        FileChannel.open(filler, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      while (Files.getFileStore(filler).getUsableSpace() > left) {
        int _ = channel.write(ByteBuffer.wrap(bytes));
        channel.force(true);
      }
    }
  }

  @Test
  void toAnotherFileSystemItIsCopied() throws Exception {
    try (LoopDisk disk = LoopDisk.mount(dir);
        PieceStore store = open(dir)) {
      StoredTask task = CONTENT.storeAll(store);
      Path out = disk.directory().resolve("out");
      assertThat(deliver(task, out, new ByteRange(0, CONTENT.bytes().length))).isFalse();
      assertThat(out).hasBinaryContent(CONTENT.bytes());
    }
  }

  @Test
  void whereBlocksCannotBeSharedItIsCopied() throws Exception {
    Path memory = Path.of("/dev/shm");
    if (!Files.isWritable(memory)) {
      abort("no tmpfs at /dev/shm: mount one there");
    }
    Path place = Files.createTempDirectory(memory, "dragonfly-test");
    try (PieceStore store = open(place)) {
      StoredTask task = CONTENT.storeAll(store);
      Path out = place.resolve("out");
      Files.setLastModifiedTime(task.file(), LONG_AGO);
      assertThat(deliver(task, out, new ByteRange(0, CONTENT.bytes().length))).isFalse();
      assertIsNew(out);
      assertThat(out).hasBinaryContent(CONTENT.bytes());
    } finally {
      Directories.delete(place);
    }
  }
}
