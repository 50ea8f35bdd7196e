package io.dragonfly.daemon.storage;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ContentInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The front door of the package: the tasks in one directory. Safe for many threads.
 *
 * <p>At open only the names of the tasks are read; a task's journal when somebody asks for it. The
 * lock serialises what changes the set of tasks, files included; it is taken before a task's own
 * and never while a listener runs.
 */
public final class PieceStore implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PieceStore.class);

  private final StoreDirectory directory;
  private final InstantSource clock;
  private final OpenFiles files;
  private final TaskFactory factory;
  private final DiskSpace space;
  private final Collector collector;

  private final Map<TaskKey, StoredTask> tasks = new ConcurrentHashMap<>();

  /** Tasks whose journal wasn't read yet. */
  private final Set<TaskKey> unread = ConcurrentHashMap.newKeySet();

  /** The disk did not take something: the next start looks at all of it again. */
  private volatile boolean writesLost;

  private final Listeners<Consumer<TaskKey>> withdrawals = new Listeners<>("withdrawals");
  private final AtomicLong damaged = new AtomicLong();
  private final WriteBack writeBack = new WriteBack();

  private final ReentrantLock lock = new ReentrantLock();

  /** Numbers the files of detached tasks. */
  @GuardedBy("lock")
  private long retired;

  private volatile boolean closed;

  private PieceStore(
      StoreDirectory directory, StoreOptions options, InstantSource clock, DiskProbe disk) {
    this.directory = directory;
    this.clock = clock;
    this.files = new OpenFiles(options.openFiles());
    this.factory = new TaskFactory(directory, files);
    this.space = new DiskSpace(disk, options.quotaBytes());
    this.collector = new Collector(this, space);
  }

  /**
   * Locks the directory and learns which tasks it holds.
   *
   * @throws IOException when another process (or another store of this one) uses the directory,
   *     when it holds content that isn't ours, or when it can't be used
   */
  public static PieceStore open(Path dir, StoreOptions options, InstantSource clock)
      throws IOException {
    Files.createDirectories(dir);
    return open(dir, options, clock, DiskProbe.of(dir));
  }

  static PieceStore open(Path dir, StoreOptions options, InstantSource clock, DiskProbe disk)
      throws IOException {
    StoreDirectory directory = StoreDirectory.open(dir, options.keep(), clock.instant());
    try {
      PieceStore store = new PieceStore(directory, options, clock, disk);
      for (Kind kind : Kind.values()) {
        for (TaskId id : TaskFiles.scan(directory.kindDirectory(kind))) {
          store.unread.add(new TaskKey(kind, id));
        }
      }
      return store;
    } catch (IOException | RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  public Optional<StoredTask> find(TaskKey key) {
    StoredTask task = tasks.get(key);
    if (task != null || !unread.contains(key)) {
      return Optional.ofNullable(task);
    }
    lock.lock();
    try {
      return Optional.ofNullable(read(key));
    } finally {
      lock.unlock();
    }
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
    List<StoredTask> gone = new ArrayList<>();
    StoredTask created;
    lock.lock();
    try {
      requireOpen();
      StoredTask earlier = read(key);
      if (earlier != null) {
        remove(earlier, /* onlyUnpinned= */ false, gone);
      }
      created =
          factory.create(this, new JournalRecord.Header(key, content, origin, clock.instant()));
      tasks.put(key, created);
    } finally {
      lock.unlock();
    }
    gone.forEach(StoredTask::tellDeleted);
    try {
      created.reserve(expectedBytes);
      return created;
    } catch (IOException e) {
      discard(created);
      throw e;
    }
  }

  /** The tasks of a kind, least recently used first. Reads the metadata of those not used yet. */
  public List<StoredTask> list(Kind kind) {
    return allTasks().stream().filter(task -> task.key().kind() == kind).toList();
  }

  /** Removes a task, as seen by others at once; false when there was none. */
  @CanIgnoreReturnValue
  public boolean delete(TaskKey key) {
    Optional<StoredTask> task = find(key);
    if (task.isEmpty() || !discard(task.get())) {
      return false;
    }
    withdrawals.tell(listener -> listener.accept(key));
    return true;
  }

  /** Bytes in finished pieces of all tasks. */
  public long usedBytes() {
    readAll();
    return tasks.values().stream().mapToLong(StoredTask::storedBytes).sum();
  }

  /** Bytes that a new task may take: of the quota or the file system, less what is set aside. */
  public long freeBytes() throws IOException {
    return space.freeBytes(this::usedBytes);
  }

  /**
   * Removes expired tasks, then the least recently used while the disk is too full. Never pinned
   * ones.
   */
  public Collected collect(GcPolicy policy, Instant now) {
    Collected collected = collector.collect(policy, now);
    rememberUses();
    return collected;
  }

  /**
   * Lets the kernel forget what it keeps in memory of tasks that nobody has used for so long.
   *
   * @return how many tasks that were
   */
  public int cool(Duration idle, Instant now) {
    int cooled = 0;
    for (StoredTask task : tasks.values()) {
      if (task.updatedAt().plus(idle).isBefore(now) && task.cool()) {
        cooled++;
      }
    }
    return cooled;
  }

  /**
   * Told of every task that nobody should be sent here for any more: it was removed to make room,
   * because its time was over or because somebody wanted it, or one of its pieces was damaged.
   */
  public StoreListener.Registration onWithdrawn(Consumer<TaskKey> listener) {
    return withdrawals.add(listener);
  }

  /** Stored pieces that were found damaged, and dropped, since the store was opened. */
  public long damagedPieces() {
    return damaged.get();
  }

  /** The disk did not take what was written, which it tells once. */
  void writesLost() {
    writesLost = true;
  }

  /**
   * Forces what was written to disk and says so, that nothing need be verified at the next start.
   */
  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
    } finally {
      lock.unlock();
    }
    try (StoreDirectory released = directory;
        WriteBack _ = writeBack;
        OpenFiles _ = files) {
      for (StoredTask task : tasks.values()) {
        task.flush();
      }
      if (!writesLost) {
        released.markClean();
      }
    }
  }

  // For tasks and their editors.

  Instant now() {
    return clock.instant();
  }

  long session() {
    return directory.session();
  }

  boolean trusts(long session) {
    return directory.trusts(session);
  }

  boolean isClosed() {
    return closed;
  }

  /** Sets room aside, after making it if need be. */
  void reserve(TaskKey key, long bytes) throws IOException {
    if (bytes == 0) {
      return;
    }
    if (space.tryReserve(bytes, this::usedBytes)) {
      return;
    }
    List<TaskKey> evicted = new ArrayList<>();
    long freed = collector.makeRoom(bytes - freeBytes(), evicted);
    if (!evicted.isEmpty()) {
      log.info("tasks evicted to make room count={} bytes={} for={}", evicted.size(), freed, key);
    }
    if (!space.tryReserve(bytes, this::usedBytes)) {
      long free = freeBytes();
      throw new NoSpaceException(
          "not enough space for task "
              + key
              + ": it needs "
              + bytes
              + " bytes and "
              + free
              + " are free in "
              + dir()
              + space.quotaText()
              + "; free some, or raise the quota (gc.policy.diskThreshold)",
          bytes,
          free);
    }
  }

  void unreserve(long bytes) {
    space.unreserve(bytes);
  }

  /** Removes exactly this version of a task, if it is still there. */
  @CanIgnoreReturnValue
  boolean discard(StoredTask task) {
    return remove(task, /* onlyUnpinned= */ false);
  }

  private Path dir() {
    return directory.directory();
  }

  /** Removes a task unless somebody uses it, and tells so. */
  boolean evict(StoredTask task) {
    if (!remove(task, /* onlyUnpinned= */ true)) {
      return false;
    }
    withdrawals.tell(listener -> listener.accept(task.key()));
    return true;
  }

  /**
   * A piece of the task was not what was stored, and has been dropped. Whoever has the file under
   * another name may have changed it: then it is his, and nothing is written to it any more.
   */
  void damaged(TaskKey key) {
    damaged.incrementAndGet();
    StoredTask task = tasks.get(key);
    if (task != null && space.hasOtherName(task)) {
      discard(task);
    }
    withdrawals.tell(listener -> listener.accept(key));
  }

  WriteBack writeBack() {
    return writeBack;
  }

  private boolean remove(StoredTask task, boolean onlyUnpinned) {
    List<StoredTask> gone = new ArrayList<>();
    lock.lock();
    try {
      remove(task, onlyUnpinned, gone);
    } finally {
      lock.unlock();
    }
    gone.forEach(StoredTask::tellDeleted);
    return !gone.isEmpty();
  }

  @GuardedBy("lock")
  private void remove(StoredTask task, boolean onlyUnpinned, List<StoredTask> gone) {
    retired++;
    if (task.detach(onlyUnpinned, retired)) {
      tasks.remove(task.key(), task);
      gone.add(task);
    }
  }

  private void rememberUses() {
    for (StoredTask task : tasks.values()) {
      try {
        task.rememberUse();
      } catch (IOException e) {
        log.debug("time of use not kept task={} cause={}", task.key(), e.toString());
      }
    }
  }

  /** All tasks, least recently used first. */
  List<StoredTask> allTasks() {
    readAll();
    record Used(Instant at, StoredTask task) {} // Uses go on while we sort.
    return tasks.values().stream()
        .map(task -> new Used(task.updatedAt(), task))
        .sorted(Comparator.comparing(Used::at).thenComparing(used -> used.task().key().id()))
        .map(Used::task)
        .toList();
  }

  private void readAll() {
    for (TaskKey key : unread) {
      Optional<StoredTask> _ = find(key);
    }
  }

  private void requireOpen() throws IOException {
    if (closed) {
      throw new IOException("the piece store in " + dir() + " is closed");
    }
  }

  /** The task, read now if it wasn't yet; null if there is none. */
  @GuardedBy("lock")
  private @Nullable StoredTask read(TaskKey key) {
    if (unread.contains(key) && !closed) {
      factory.load(this, key).ifPresent(task -> tasks.put(key, task));
      unread.remove(key);
    }
    return tasks.get(key);
  }
}
