package io.dragonfly.daemon.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.piece.BlockSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A piece of which there are some blocks only. */
class PartialPieceTest {
  private static final int BLOCK = 65_536;

  @TempDir Path temp;
  private final TestContent content = TestContent.of(10 * BLOCK + 5, 16 * BLOCK);
  private final byte[] piece = content.piece(0);
  private PieceStore store;
  private StoredTask task;

  @BeforeEach
  void open() throws IOException {
    store = PieceStore.open(temp, StoreOptions.defaults(), InstantSource.system());
    task = store.create(TestContent.KEY, TestContent.ORIGIN, content.info());
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  private void reopen() throws IOException {
    store.close();
    store = PieceStore.open(temp, StoreOptions.defaults(), InstantSource.system());
    task = store.find(TestContent.KEY).orElseThrow();
  }

  /** Writes blocks that are verified by the piece's root. */
  private void verified(int first, int end) throws IOException {
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      editor.expect(content.hashes(0));
      editor.moveTo(first);
      editor.write(bytes(first, end));
    }
  }

  /** Writes blocks that the origin gives. */
  private void fromOrigin(int first, int end) throws IOException {
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      editor.lend();
      editor.moveTo(first);
      editor.write(bytes(first, end));
    }
  }

  private ByteBuffer bytes(int first, int end) {
    int to = Math.min(end * BLOCK, piece.length);
    return ByteBuffer.wrap(piece, first * BLOCK, to - first * BLOCK).slice();
  }

  private byte[] read(int block) throws IOException {
    ByteBuffer read = ByteBuffer.allocate(BLOCK);
    try (PieceContent there = task.viewForThisHost(0, (long) block * BLOCK)) {
      assertThat(there.available((long) block * BLOCK)).isGreaterThanOrEqualTo(BLOCK);
      assertThat(there.read((long) block * BLOCK, read)).isEqualTo(BLOCK);
    }
    return read.array();
  }

  private byte[] block(int block) {
    return Arrays.copyOfRange(piece, block * BLOCK, (block + 1) * BLOCK);
  }

  @Test
  void blocksInTheMiddleAreReadByThisHostAlsoAfterARestart() throws IOException {
    verified(3, 5);
    verified(7, 8);
    assertThat(task.parts()).containsEntry(0, BlockSet.between(3, 5).with(7));

    reopen();
    assertThat(task.parts()).containsEntry(0, BlockSet.between(3, 5).with(7));
    assertThat(task.pieces().isEmpty()).isTrue();
    assertThat(task.storedBytes()).isEqualTo(3 * BLOCK);
    assertThat(read(4)).isEqualTo(block(4));
    assertThat(read(7)).isEqualTo(block(7));
    assertThatThrownBy(() -> task.viewForThisHost(0, 5 * BLOCK))
        .isInstanceOf(MissingPieceException.class);
    assertThatThrownBy(() -> task.viewOrRelay(0)).isInstanceOf(MissingPieceException.class);
  }

  @Test
  void theRestMakesItWhole() throws IOException {
    verified(3, 5);
    verified(10, 11);
    reopen();
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      assertThat(editor.missing()).isEqualTo(3 * BLOCK);
      editor.write(bytes(0, 3));
      assertThat(editor.position()).isEqualTo(5 * BLOCK);
      assertThatThrownBy(() -> editor.write(ByteBuffer.allocate(5 * BLOCK + 1)))
          .isInstanceOf(IllegalArgumentException.class);
      editor.write(bytes(5, 10));
      assertThat(editor.position()).isEqualTo(piece.length);
      StoredPiece whole =
          editor.commit(
              Optional.of(content.root(0)),
              Optional.of(Digest.crc32(content.crc(0))),
              TrafficType.REMOTE_PEER,
              "peer",
              TestContent.COST);
      assertThat(whole.root()).contains(content.root(0));
    }
    assertThat(task.parts()).isEmpty();
    assertThat(task.storedBytes()).isEqualTo(piece.length);
    try (PieceView view = task.view(0)) {
      assertThat(TestContent.read(view)).isEqualTo(piece);
    }
  }

  @Test
  void aBlockThatRottedWhileTheStoreWasClosedIsFetchedAgain() throws IOException {
    verified(3, 5);
    Path file = task.file();
    store.close();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      var _ = channel.write(ByteBuffer.wrap(new byte[] {(byte) ~piece[3 * BLOCK]}), 3 * BLOCK);
    }
    store = PieceStore.open(temp, StoreOptions.defaults(), InstantSource.system());
    task = store.find(TestContent.KEY).orElseThrow();

    assertThatThrownBy(() -> task.viewForThisHost(0, 3 * BLOCK))
        .isInstanceOf(MissingPieceException.class);
    assertThat(read(4)).isEqualTo(block(4));
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      assertThat(editor.missingBlocks().has(3)).isTrue();
      assertThat(editor.missingBlocks().has(4)).isFalse();
    }
  }

  @Test
  void whatTheOriginGaveIsComparedWithTheRootOnceThatIsKnown() throws IOException {
    fromOrigin(2, 4);
    reopen();
    assertThat(read(3)).isEqualTo(block(3));
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      assertThat(editor.hashes()).isEmpty();
      editor.expect(content.hashes(0));
      assertThat(editor.missingBlocks().has(2)).isFalse();
      assertThat(editor.missingBlocks().count()).isEqualTo(9);
    }
    piece[3 * BLOCK] ^= 1; // Another version's.
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      TestContent other = TestContent.of(10 * BLOCK + 5, 16 * BLOCK);
      other.bytes()[3 * BLOCK] ^= 1;
      editor.expect(other.hashes(0));
      assertThat(editor.missingBlocks().has(2)).isFalse();
      assertThat(editor.missingBlocks().has(3)).isTrue();
    }
    assertThatThrownBy(() -> task.viewForThisHost(0, 3 * BLOCK))
        .isInstanceOf(MissingPieceException.class);
  }

  @Test
  void theOriginsBlocksOneByOneMakeAPieceWithARoot() throws IOException {
    fromOrigin(5, 11);
    fromOrigin(1, 3);
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      editor.lend();
      editor.write(bytes(0, 1));
      editor.write(bytes(3, 5));
      StoredPiece whole =
          editor.commit(
              Optional.empty(), Optional.empty(), TrafficType.BACK_TO_SOURCE, "", TestContent.COST);
      assertThat(whole.root()).contains(content.root(0));
      assertThat(whole.crc32()).isEqualTo(Digest.crc32(content.crc(0)));
    }
  }

  @Test
  void bytesOfAnUpstreamParentThatNobodyVouchesForAreNotKept() throws IOException {
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      editor.write(bytes(0, 4));
    }
    assertThat(task.parts()).isEmpty();
  }

  @Test
  void whoProvesNothingDoesNotOverwriteWhatTheOriginGave() throws IOException {
    fromOrigin(3, 5);
    fromOrigin(10, 11);
    byte[] wrong = piece.clone();
    wrong[5 * BLOCK - 1] ^= 1;
    try (PieceContent open = task.viewForThisHost(0, 4L * BLOCK)) {
      try (PieceEditor editor = task.edit(0).orElseThrow()) {
        editor.startOver(/* withRoot= */ false);
        assertThatThrownBy(() -> editor.write(ByteBuffer.wrap(wrong)))
            .isInstanceOf(CorruptPieceException.class)
            .hasMessageContaining("block 4 of piece 0");
      }
      ByteBuffer read = ByteBuffer.allocate(BLOCK);
      assertThat(open.read(4L * BLOCK, read)).isEqualTo(BLOCK);
      assertThat(read.array()).isEqualTo(block(4));
    }
    assertThat(task.parts()).containsEntry(0, BlockSet.between(3, 5).with(10));
    reopen();
    assertThat(read(4)).isEqualTo(block(4));
  }

  @Test
  void whoSendsTheSameCompletesAPieceAroundWhatTheOriginGave() throws IOException {
    fromOrigin(0, 1);
    fromOrigin(3, 5);
    fromOrigin(10, 11);
    try (PieceEditor editor = task.edit(0).orElseThrow()) {
      editor.startOver(/* withRoot= */ false);
      for (int at = 0; at < piece.length; at += 50_001) { // Across the edges of blocks.
        editor.write(ByteBuffer.wrap(piece, at, Math.min(50_001, piece.length - at)));
      }
      var _ =
          editor.commit(
              Optional.empty(),
              Optional.of(Digest.crc32(content.crc(0))),
              TrafficType.REMOTE_PEER,
              "peer",
              TestContent.COST);
    }
    try (PieceView view = task.view(0)) {
      assertThat(TestContent.read(view)).isEqualTo(piece);
    }
  }
}
