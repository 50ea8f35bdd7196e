package io.dragonfly.daemon.storage;

import io.dragonfly.common.digest.Algorithm;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.PieceRoot;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;

/** One version of one task's content. Safe for many threads. */
@SuppressWarnings("DoNotCallSuggester") // the signatures come first
public final class StoredTask {
  StoredTask() {}

  public TaskKey key() {
    throw new UnsupportedOperationException();
  }

  /** What the origin said; has a length unless a {@link StreamEditor} is still writing. */
  public ContentInfo content() {
    throw new UnsupportedOperationException();
  }

  public TaskOrigin origin() {
    throw new UnsupportedOperationException();
  }

  /**
   * How the content is divided.
   *
   * @throws IllegalStateException while the length is unknown
   */
  public PieceLayout layout() {
    throw new UnsupportedOperationException();
  }

  /** The finished pieces; a copy. */
  public BitSet pieces() {
    throw new UnsupportedOperationException();
  }

  public boolean hasPiece(int number) {
    throw new UnsupportedOperationException();
  }

  public Optional<StoredPiece> piece(int number) {
    throw new UnsupportedOperationException();
  }

  /** The hashes of a finished piece's blocks, if it has any; read from disk. */
  public Optional<BlockHashes> blockHashes(int number) {
    throw new UnsupportedOperationException();
  }

  /** The roots of the finished pieces that have one, by number, ascending; read from disk. */
  public Map<Integer, PieceRoot> roots() {
    throw new UnsupportedOperationException();
  }

  public boolean isComplete() {
    throw new UnsupportedOperationException();
  }

  /** Bytes in finished pieces. */
  public long storedBytes() {
    throw new UnsupportedOperationException();
  }

  public Instant createdAt() {
    throw new UnsupportedOperationException();
  }

  /** When the task last got a piece or was used by anybody. */
  public Instant updatedAt() {
    throw new UnsupportedOperationException();
  }

  public Optional<Instant> finishedAt() {
    throw new UnsupportedOperationException();
  }

  /** When the last download of it failed; a piece that comes afterwards clears it. */
  public Optional<Instant> failedAt() {
    throw new UnsupportedOperationException();
  }

  public Optional<Instant> prefetchedAt() {
    throw new UnsupportedOperationException();
  }

  public void markFailed() {
    throw new UnsupportedOperationException();
  }

  public void markPrefetched() {
    throw new UnsupportedOperationException();
  }

  /** Pieces being sent to other hosts now. */
  public int uploadingCount() {
    throw new UnsupportedOperationException();
  }

  /** Pieces sent whole to other hosts since the daemon started. */
  public long uploadedCount() {
    throw new UnsupportedOperationException();
  }

  /**
   * Opens the only editor of a piece.
   *
   * @return empty when the piece is finished or has an editor
   * @throws IllegalStateException when the task left the store and nobody has it pinned
   */
  public Optional<PieceEditor> edit(int number) {
    throw new UnsupportedOperationException();
  }

  /**
   * Opens the only editor of content of unknown length; empty if there is one, or the length is
   * known.
   */
  public Optional<StreamEditor> stream() {
    throw new UnsupportedOperationException();
  }

  /**
   * Opens a finished piece for reading. After an unclean stop the first view verifies the piece.
   *
   * @throws MissingPieceException when the piece isn't there (any more)
   */
  public PieceView view(int number) throws IOException {
    throw new UnsupportedOperationException();
  }

  /**
   * Keeps the bytes until closed, whatever happens to the task.
   *
   * @throws IllegalStateException when the task left the store and nobody has it pinned
   */
  public Pin pin() {
    throw new UnsupportedOperationException();
  }

  /** As {@link #pin}, but empty when the task is gone. */
  public Optional<Pin> tryPin() {
    throw new UnsupportedOperationException();
  }

  /**
   * Sets room aside: {@code bytes} more are about to be written, while the task is pinned.
   *
   * @throws NoSpaceException when there is no room, also after evicting what nobody uses
   */
  public void reserve(long bytes) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** Closing what is returned ends the listening. */
  public AutoCloseable listen(StoreListener listener) {
    throw new UnsupportedOperationException();
  }

  /**
   * The content file, for links and copies. The task must be pinned while it is used; the name is
   * another one once the task was deleted.
   */
  public Path file() {
    throw new UnsupportedOperationException();
  }

  /**
   * Copies the whole content to the target's position, inside the kernel where it can.
   *
   * @throws IllegalStateException when the task isn't complete
   */
  public void copyTo(FileChannel target) throws IOException {
    throw new UnsupportedOperationException();
  }

  /**
   * The digest of the whole content: reads the file once, then remembers.
   *
   * @throws IllegalStateException when the task isn't complete
   */
  public Digest contentDigest(Algorithm algorithm) throws IOException {
    throw new UnsupportedOperationException();
  }
}
