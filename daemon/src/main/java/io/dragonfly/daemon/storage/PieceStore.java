package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.ContentInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The front door of the package: the tasks in one directory. Safe for many threads. */
@SuppressWarnings("DoNotCallSuggester") // the signatures come first
public final class PieceStore implements AutoCloseable {
  private PieceStore() {}

  /**
   * Locks the directory and learns which tasks it holds.
   *
   * @throws IOException when another process (or another store of this one) uses the directory,
   *     when it holds content that isn't ours, or when it can't be used
   */
  public static PieceStore open(Path dir, StoreOptions options, InstantSource clock)
      throws IOException {
    throw new UnsupportedOperationException();
  }

  public Optional<StoredTask> find(TaskKey key) {
    throw new UnsupportedOperationException();
  }

  /** As {@link #create(TaskKey, TaskOrigin, ContentInfo, long)} for the whole content. */
  public StoredTask create(TaskKey key, TaskOrigin origin, ContentInfo content)
      throws NoSpaceException, IOException {
    return create(key, origin, content, content.length().orElse(0));
  }

  /**
   * Makes a new, empty task. An earlier version under the key is detached: its open views go on,
   * and its file goes when the last user releases it.
   *
   * @param expectedBytes how much of the content will be written; room for it is set aside until
   *     the task is no longer pinned
   * @throws NoSpaceException when there is no room, also after evicting what nobody uses
   */
  public StoredTask create(TaskKey key, TaskOrigin origin, ContentInfo content, long expectedBytes)
      throws NoSpaceException, IOException {
    throw new UnsupportedOperationException();
  }

  /** The tasks of a kind, least recently used first. Reads the metadata of those not used yet. */
  public List<StoredTask> list(Kind kind) {
    throw new UnsupportedOperationException();
  }

  /** Removes a task; false when there was none. Views go on. */
  public boolean delete(TaskKey key) {
    throw new UnsupportedOperationException();
  }

  /** Bytes in finished pieces of all tasks. */
  public long usedBytes() {
    throw new UnsupportedOperationException();
  }

  /** Bytes that a new task may take: of the quota or the file system, less what is set aside. */
  public long freeBytes() throws IOException {
    throw new UnsupportedOperationException();
  }

  /**
   * Removes expired tasks, then the least recently used while the disk is too full. Never pinned
   * ones.
   */
  public Collected collect(GcPolicy policy, Instant now) {
    throw new UnsupportedOperationException();
  }

  /** Told of every task that was removed to make room or because its time was over. */
  public AutoCloseable onEvicted(Consumer<TaskKey> listener) {
    throw new UnsupportedOperationException();
  }

  /**
   * Forces what was written to disk and says so, that nothing need be verified at the next start.
   */
  @Override
  public void close() throws IOException {
    throw new UnsupportedOperationException();
  }
}
