package io.dragonfly.daemon.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a loss of power may leave on a disk: the files have their lengths, and of what was written
 * last any block may be missing, whichever file it belongs to.
 */
final class PowerLossTest {
  private static final int BLOCK = 4096;
  private static final StoreOptions KEEP = StoreOptions.defaults();

  @TempDir private Path temp;
  private final TestContent content = TestContent.of(300_000, 131_072);
  private byte[] journal = new byte[0];
  private byte[] bytes = new byte[0];
  private Path dir = Path.of("");

  @BeforeEach
  void storeAndLosePower() throws IOException {
    Path source = temp.resolve("source");
    try (PieceStore store = PieceStore.open(source, KEEP, new MutableClock())) {
      StoredTask task = content.storeAll(store);
      task.markPrefetched();
      dir = TestContent.copyOf(source, temp.resolve("store"));
    }
    journal = Files.readAllBytes(journalFile());
    bytes = Files.readAllBytes(contentFile());
  }

  private Path contentFile() {
    String id = TestContent.KEY.id().value();
    return dir.resolve("content/tasks").resolve(id.substring(0, 3)).resolve(id);
  }

  private Path journalFile() {
    return contentFile().resolveSibling(TestContent.KEY.id().value() + "~meta");
  }

  @Test
  void aJournalThatEndsAnywhereServesNoWrongByteAndLosesOnlyWhatIsBehind() throws IOException {
    Random random = new Random(1);
    int most = 3;
    for (int end = journal.length; end >= 0; end--) {
      boolean zeros = random.nextBoolean();
      Files.write(journalFile(), zeros ? zeroed(journal, end, journal.length) : head(end));
      Files.write(contentFile(), bytes);
      int kept = servedPieces(new BitSet()).cardinality();
      assertThat(kept).as("pieces left by a journal of %s bytes", end).isLessThanOrEqualTo(most);
      most = kept;
    }
    assertThat(most).isZero();
  }

  @Test
  void blocksThatAreMissingCostTheirPiecesAndNoOthers() throws IOException {
    Random random = new Random(2);
    for (int run = 0; run < 100; run++) {
      byte[] left = bytes.clone();
      BitSet damaged = new BitSet();
      for (int i = random.nextInt(4); i > 0; i--) {
        int at = random.nextInt(left.length / BLOCK) * BLOCK;
        Arrays.fill(left, at, Math.min(left.length, at + BLOCK), (byte) 0);
        damaged.set(at / 131_072);
      }
      Files.write(journalFile(), journal);
      Files.write(contentFile(), left);
      BitSet expected = new BitSet();
      expected.set(0, 3);
      expected.andNot(damaged);
      assertThat(servedPieces(damaged)).isEqualTo(expected);
    }
  }

  @Test
  void anyOfItTogetherServesNoWrongByte() throws IOException {
    Random random = new Random(3);
    for (int run = 0; run < 150; run++) {
      byte[] left = bytes.clone();
      int from = random.nextInt(left.length);
      Arrays.fill(left, from, from + random.nextInt(left.length - from), (byte) random.nextInt());
      byte[] metadata = zeroed(journal, random.nextInt(journal.length), journal.length);
      if (random.nextBoolean()) {
        int start = random.nextInt(journal.length);
        metadata = zeroed(journal, start, Math.min(journal.length, start + 1 + random.nextInt(64)));
      }
      Files.write(journalFile(), metadata);
      boolean shorter = random.nextInt(4) == 0;
      Files.write(contentFile(), shorter ? Arrays.copyOf(left, from) : left);
      BitSet _ = servedPieces(new BitSet());
    }
  }

  /**
   * The pieces that are there after a start, each compared with what was stored; afterwards the
   * missing ones are stored again, and all must be right, also after a clean stop.
   *
   * @param damaged pieces that must not be served
   */
  private BitSet servedPieces(BitSet damaged) throws IOException {
    BitSet served = new BitSet();
    try (PieceStore store = PieceStore.open(dir, KEEP, new MutableClock())) {
      Optional<StoredTask> left = store.find(TestContent.KEY);
      if (left.isEmpty()) {
        assertThat(contentFile()).as("content without metadata").doesNotExist();
        return served;
      }
      for (int number = 0; number < 3; number++) {
        try (PieceView view = left.get().view(number)) {
          assertThat(TestContent.read(view)).isEqualTo(content.piece(number));
          served.set(number);
        } catch (MissingPieceException e) {
          assertThat(left.get().hasPiece(number)).isFalse();
        }
      }
      assertThat(served.intersects(damaged)).isFalse();
      for (int number = 0; number < 3; number++) {
        if (!served.get(number)) {
          var _ = content.store(left.get(), number);
        }
      }
      assertThat(left.get().isComplete()).isTrue();
    }
    assertThat(contentFile()).hasBinaryContent(content.bytes());
    return served;
  }

  private byte[] head(int end) {
    return Arrays.copyOf(journal, end);
  }

  private static byte[] zeroed(byte[] from, int start, int end) {
    byte[] copy = from.clone();
    Arrays.fill(copy, start, end, (byte) 0);
    return copy;
  }
}
