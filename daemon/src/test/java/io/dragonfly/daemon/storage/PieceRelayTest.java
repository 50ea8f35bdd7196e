package io.dragonfly.daemon.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.digest.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A piece that is read while it comes in. */
final class PieceRelayTest {
  private static final int BLOCK = 65_536;

  @TempDir private Path temp;
  private final TestContent content = TestContent.of(10 * BLOCK + 5, 1 << 20);
  private final byte[] piece = content.piece(0);
  private final List<String> heard = new ArrayList<>();
  private PieceStore store;
  private StoredTask task;

  @BeforeEach
  void open() throws IOException {
    store = PieceStore.open(temp.resolve("store"), StoreOptions.defaults(), InstantSource.system());
    task = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
    task.listen(
        new StoreListener() {
          @Override
          public void pieceBegun(int number) {
            heard.add("begun " + number);
          }

          @Override
          public void pieceArriving(int number) {
            heard.add("arriving " + number);
          }

          @Override
          public void pieceFinished(int number) {
            heard.add("finished " + number);
          }

          @Override
          public void deleted() {}
        });
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  private PieceEditor shared() {
    PieceEditor editor = task.edit(0).orElseThrow();
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
            "peer",
            TestContent.COST);
  }

  private static byte[] readFrom(PieceContent relayed, int offset) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(2 << 20);
    while (relayed.read(offset + buffer.position(), buffer) >= 0) {
      // Until the end of what is there.
    }
    return Arrays.copyOf(buffer.array(), buffer.position());
  }

  @Test
  void itsVerifiedBlocksAreReadAndNoOthers() throws IOException {
    PieceEditor editor = shared();
    assertThat(heard).containsExactly("begun 0");
    assertThat(task.relayed()).isEqualTo(BitSet.valueOf(new long[] {1}));
    try (PieceContent relayed = task.viewOrRelay(0)) {
      assertThat(relayed.length()).isEqualTo(piece.length);
      assertThat(relayed.hashes()).contains(content.hashes(0));
      assertThat(relayed.available(0)).isZero();
      assertThat(readFrom(relayed, 0)).isEmpty();

      editor.write(ByteBuffer.wrap(piece, 0, 2 * BLOCK + 100));
      assertThat(relayed.available(0)).isEqualTo(2 * BLOCK);
      assertThat(readFrom(relayed, 10)).isEqualTo(Arrays.copyOfRange(piece, 10, 2 * BLOCK));
      assertThat(relayed.read(2 * BLOCK + 1, ByteBuffer.allocate(1))).isEqualTo(-1);

      editor.write(ByteBuffer.wrap(piece, 2 * BLOCK + 100, piece.length - 2 * BLOCK - 100));
      commit(editor);
      editor.close();
      assertThat(relayed.available(0)).isEqualTo(piece.length);
      assertThat(relayed.isBroken()).isFalse();
      assertThat(readFrom(relayed, 0)).isEqualTo(piece);
    }
    assertThat(heard).containsExactly("begun 0", "finished 0");
    assertThat(task.relayed().isEmpty()).isTrue();
    try (PieceContent whole = task.viewOrRelay(0)) {
      assertThat(whole.available(0)).isEqualTo(piece.length);
    }
  }

  @Test
  void whoWaitsIsWokenByTheNextBlockAndByTheEnd() throws IOException {
    List<String> woken = new ArrayList<>();
    PieceEditor editor = shared();
    try (PieceContent relayed = task.viewOrRelay(0)) {
      relayed.whenAvailable(0, () -> woken.add("first"));
      relayed.whenAvailable(3 * BLOCK, () -> woken.add("fourth"));
      editor.write(ByteBuffer.wrap(piece, 0, BLOCK - 1));
      assertThat(woken).isEmpty();
      editor.write(ByteBuffer.wrap(piece, BLOCK - 1, 1));
      assertThat(woken).containsExactly("first");
      relayed.whenAvailable(0, () -> woken.add("at once"));
      assertThat(woken).containsExactly("first", "at once");

      editor.close();
      assertThat(relayed.isBroken()).isTrue();
      assertThat(woken).containsExactly("first", "at once", "fourth");
      relayed.whenAvailable(BLOCK, () -> woken.add("never more"));
      assertThat(woken).endsWith("never more");
    }
    assertThat(task.relayed().isEmpty()).isTrue();
    assertThatThrownBy(() -> task.viewOrRelay(0)).isInstanceOf(MissingPieceException.class);
  }

  @Test
  void aCorruptBlockIsNeverPassedOn() throws IOException {
    byte[] wrong = piece.clone();
    wrong[4 * BLOCK + 7] ^= 1;
    PieceEditor editor = shared();
    try (PieceContent relayed = task.viewOrRelay(0)) {
      assertThatThrownBy(() -> editor.write(ByteBuffer.wrap(wrong)))
          .isInstanceOf(CorruptPieceException.class);
      assertThat(relayed.available(0)).isLessThanOrEqualTo(4 * BLOCK);
      editor.close();
      assertThat(relayed.isBroken()).isTrue();
      assertThat(readFrom(relayed, 0)).isEqualTo(Arrays.copyOf(piece, (int) relayed.available(0)));
    }
  }

  @Test
  void whatAnEarlierEditorVerifiedIsReadAtOnce() throws IOException {
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      editor.expect(content.hashes(0));
      editor.write(ByteBuffer.wrap(piece, 0, 3 * BLOCK));
    }
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      editor.share();
      try (PieceContent relayed = task.viewOrRelay(0)) {
        assertThat(relayed.available(0)).isEqualTo(3 * BLOCK);
      }
    }
  }

  @Test
  void withoutHashesNothingIsShared() throws IOException {
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      editor.share();
      assertThat(heard).isEmpty();
      assertThatThrownBy(() -> task.viewOrRelay(0)).isInstanceOf(MissingPieceException.class);
    }
  }

  @Test
  void whatTheOriginGivesIsReadByThisHostAsItComesAndByNobodyElse() throws IOException {
    PieceEditor editor = task.edit(0).orElseThrow();
    editor.lend();
    editor.lend();
    editor.write(ByteBuffer.wrap(piece, 0, 100));

    assertThat(heard).containsExactly("arriving 0");
    assertThat(task.relayed()).isEqualTo(new BitSet());
    assertThatThrownBy(() -> task.viewOrRelay(0)).isInstanceOf(MissingPieceException.class);
    try (PieceContent content = task.viewForThisHost(0, 0)) {
      assertThat(content.available(0)).isEqualTo(100);
      ByteBuffer read = ByteBuffer.allocate(200);
      assertThat(content.read(40, read)).isEqualTo(60);
      assertThat(Arrays.copyOf(read.array(), 60)).isEqualTo(Arrays.copyOfRange(piece, 40, 100));
      List<String> woken = new ArrayList<>();
      content.whenAvailable(100, () -> woken.add("more"));
      assertThat(woken).isEmpty();
      editor.close();
      assertThat(woken).containsExactly("more");
      assertThat(content.isBroken()).isTrue();
    }
    assertThatThrownBy(() -> task.viewForThisHost(0, 0)).isInstanceOf(MissingPieceException.class);
  }
}
