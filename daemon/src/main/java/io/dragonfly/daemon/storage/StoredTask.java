package io.dragonfly.daemon.storage;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.digest.Algorithm;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.PieceRoot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One version of one task's content. Safe for many threads.
 *
 * <p>In memory are the bitmaps and where each piece's record stands in the journal; the records
 * themselves, with their block hashes, are read when asked for. The lock guards what is in memory
 * and is held while the journal is appended (which keeps both in step); never while content is read
 * or written, nor while listeners run.
 */
public final class StoredTask {
  private static final Logger log = LoggerFactory.getLogger(StoredTask.class);
  private static final int DIGEST_BUFFER_BYTES = 1 << 20;

  private final PieceStore store;
  private final TaskKey key;
  private final TaskOrigin origin;
  private final Instant createdAt;
  private final TaskFiles names;
  private final SharedFile file;
  private final TaskJournal journal;

  private final CopyOnWriteArrayList<StoreListener> listeners = new CopyOnWriteArrayList<>();
  private final Map<Algorithm, Digest> digests = new ConcurrentHashMap<>();

  /** Held while pieces in doubt are read, so that each is read once. */
  private final ReentrantLock verification = new ReentrantLock();

  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final PieceTable table;

  /** Pieces with an editor. */
  @GuardedBy("lock")
  private final Set<Integer> editing = new HashSet<>();

  @GuardedBy("lock")
  private boolean streaming;

  @GuardedBy("lock")
  private int pins;

  @GuardedBy("lock")
  private boolean detached;

  @GuardedBy("lock")
  private long reserved;

  private final AtomicInteger uploading = new AtomicInteger();
  private final AtomicLong uploaded = new AtomicLong();

  /** Something was written since the store was opened. */
  private volatile boolean modified;

  private volatile Instant usedAt;

  StoredTask(
      PieceStore store,
      JournalRecord.Header header,
      TaskFiles names,
      SharedFile file,
      TaskJournal journal,
      PieceTable table,
      Instant usedAt) {
    this.store = store;
    this.key = header.key();
    this.origin = header.origin();
    this.createdAt = header.createdAt();
    this.names = names;
    this.file = file;
    this.journal = journal;
    this.table = table;
    this.usedAt = usedAt;
  }

  public TaskKey key() {
    return key;
  }

  /** What the origin said; has a length unless a {@link StreamEditor} is still writing. */
  public ContentInfo content() {
    return read(PieceTable::content);
  }

  public TaskOrigin origin() {
    return origin;
  }

  /**
   * How the content is divided.
   *
   * @throws IllegalStateException while the length is unknown
   */
  public PieceLayout layout() {
    return read(PieceTable::layout);
  }

  /** The finished pieces; a copy. */
  public BitSet pieces() {
    return read(PieceTable::finished);
  }

  public boolean hasPiece(int number) {
    return read(table -> table.has(number));
  }

  /** Read from disk. */
  public Optional<StoredPiece> piece(int number) {
    return pieceRecord(number).map(this::toPiece);
  }

  /** The hashes of a finished piece's blocks, if it has any; read from disk. */
  public Optional<BlockHashes> blockHashes(int number) {
    return pieceRecord(number).flatMap(JournalRecord.Piece::hashes);
  }

  /** The roots of the finished pieces that have one, by number, ascending; read from disk. */
  public Map<Integer, PieceRoot> roots() {
    Map<Integer, PieceRoot> roots = new TreeMap<>();
    pieces().stream()
        .forEach(
            number -> blockHashes(number).ifPresent(hashes -> roots.put(number, hashes.root())));
    return roots;
  }

  public boolean isComplete() {
    return read(PieceTable::isComplete);
  }

  /** Bytes in finished pieces. */
  public long storedBytes() {
    return read(PieceTable::storedBytes);
  }

  public Instant createdAt() {
    return createdAt;
  }

  /** When the task last got a piece or was used by anybody. */
  public Instant updatedAt() {
    return usedAt;
  }

  /** When the last piece came, if all are there. */
  public Optional<Instant> finishedAt() {
    return read(table ->
        table.isComplete()
            ? Optional.of(table.lastPieceAt().orElse(createdAt))
            : Optional.<Instant>empty());
  }

  /** When the last download of it failed; a piece that comes afterwards clears it. */
  public Optional<Instant> failedAt() {
    return read(PieceTable::failedAt);
  }

  public Optional<Instant> prefetchedAt() {
    return read(PieceTable::prefetchedAt);
  }

  public void markFailed() {
    Instant now = store.now();
    appendOrLog(
        new JournalRecord.Marks(Optional.of(now), prefetchedAt()), "the failure isn't recorded");
  }

  public void markPrefetched() {
    Instant now = store.now();
    appendOrLog(
        new JournalRecord.Marks(failedAt(), Optional.of(now)), "the prefetch isn't recorded");
  }

  /** Pieces being sent to other hosts now. */
  public int uploadingCount() {
    return uploading.get();
  }

  /** Pieces sent whole to other hosts since the daemon started. */
  public long uploadedCount() {
    return uploaded.get();
  }

  /** Counts a piece that is being sent to another host. */
  public void uploadStarted() {
    uploading.incrementAndGet();
  }

  /** Counts the end of what {@link #uploadStarted} began. */
  public void uploadEnded(boolean whole) {
    uploading.decrementAndGet();
    if (whole) {
      uploaded.incrementAndGet();
    }
  }

  /**
   * Opens the only editor of a piece.
   *
   * @return empty when the piece is finished or has an editor
   * @throws IllegalStateException when the task left the store and nobody has it pinned
   * @throws IllegalArgumentException when there is no such piece
   */
  public Optional<PieceEditor> edit(int number) {
    PieceLayout layout = layout();
    if (number < 0 || number >= layout.pieceCount()) {
      throw new IllegalArgumentException(
          "piece " + number + " of " + layout.pieceCount() + " of task " + key);
    }
    PieceTable.Partial partial;
    lock.lock();
    try {
      if (table.has(number) || editing.contains(number)) {
        return Optional.empty();
      }
      pinLocked();
      editing.add(number);
      partial = table.partial(number);
    } finally {
      lock.unlock();
    }
    if (partial != null && partial.doubtful() && !isStillThere(layout, partial.record())) {
      dropPartial(number);
      partial = null;
    }
    return Optional.of(
        new FilePieceEditor(this, file, layout, number, partial == null ? null : partial.record()));
  }

  /**
   * Opens the only editor of content of unknown length; empty if there is one, or the length is
   * known.
   */
  public Optional<StreamEditor> stream() {
    lock.lock();
    try {
      if (table.isKnown() || streaming) {
        return Optional.empty();
      }
      pinLocked();
      streaming = true;
      return Optional.of(new FileStreamEditor(this, file, PieceTable.pieceLength(table.content())));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Opens a finished piece for reading. After an unclean stop the first view verifies the piece.
   *
   * @throws MissingPieceException when the piece isn't there (any more)
   */
  public PieceView view(int number) throws IOException {
    Pin pin = tryPin().orElseThrow(() -> missing(number));
    try {
      verify(number);
      JournalRecord.Piece record = pieceRecord(number).orElseThrow(() -> missing(number));
      return new FilePieceView(this, file, toPiece(record), record.hashes(), pin);
    } catch (IOException | RuntimeException e) {
      pin.close();
      throw e;
    }
  }

  /**
   * Keeps the bytes until closed, whatever happens to the task.
   *
   * @throws IllegalStateException when the task left the store and nobody has it pinned
   */
  public Pin pin() {
    lock.lock();
    try {
      return pinLocked();
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #pin}, but empty when the task is gone. */
  public Optional<Pin> tryPin() {
    lock.lock();
    try {
      return detached && pins == 0 ? Optional.empty() : Optional.of(pinLocked());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets room aside: {@code bytes} more are about to be written, while the task is pinned.
   *
   * @throws NoSpaceException when there is no room, also after evicting what nobody uses
   */
  public void reserve(long bytes) throws IOException {
    store.reserve(key, bytes);
    lock.lock();
    try {
      reserved += bytes;
    } finally {
      lock.unlock();
    }
  }

  /** Closing what is returned ends the listening. */
  public AutoCloseable listen(StoreListener listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  /**
   * The content file, for links and copies. The task must be pinned while it is used, and {@link
   * #verify()} called before; the name is another one once the task was deleted.
   */
  public Path file() {
    return file.path();
  }

  /**
   * Copies the whole content to the target's position, inside the kernel where it can.
   *
   * @throws IllegalStateException when the task isn't complete
   */
  public void copyTo(FileChannel target) throws IOException {
    Pin pin = pinComplete();
    try {
      verify();
      long length = layout().contentLength();
      for (long position = 0; position < length; ) {
        long moved = file.transferTo(position, length - position, target);
        if (moved <= 0) {
          throw new IOException("the file of task " + key + " ends at " + position);
        }
        position += moved;
      }
    } finally {
      pin.close();
    }
  }

  /**
   * The digest of the whole content: reads the file once, then remembers.
   *
   * @throws IllegalStateException when the task isn't complete
   */
  public Digest contentDigest(Algorithm algorithm) throws IOException {
    Digest known = digests.get(algorithm);
    if (known != null) {
      return known;
    }
    Pin pin = pinComplete();
    try {
      verify();
      long length = layout().contentLength();
      Digest.Calculator calculator = algorithm.newCalculator();
      ByteBuffer buffer = ByteBuffer.allocate(Math.clamp(length, 1, DIGEST_BUFFER_BYTES));
      for (long position = 0; position < length; ) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), length - position));
        int count = file.readFully(buffer, position);
        if (count == 0) {
          throw new IOException("the file of task " + key + " ends at " + position);
        }
        calculator.update(buffer.flip());
        position += count;
      }
      Digest digest = calculator.result();
      digests.put(algorithm, digest);
      return digest;
    } finally {
      pin.close();
    }
  }

  /**
   * Reads what an unclean stop left in doubt; does nothing otherwise.
   *
   * @throws MissingPieceException when a piece was wrong: it is no longer there
   */
  public void verify() throws IOException {
    for (int number : read(PieceTable::doubtful).stream().toArray()) {
      verify(number);
    }
  }

  private void verify(int number) throws IOException {
    if (!isDoubtful(number)) {
      return;
    }
    verification.lock();
    try {
      if (!isDoubtful(number)) {
        return;
      }
      JournalRecord.Piece record = pieceRecord(number).orElseThrow(() -> missing(number));
      PieceLayout layout = layout();
      boolean right =
          PieceVerifier.matches(
              file,
              layout.offset(number),
              layout.length(number),
              layout.blockLength(),
              record.crc(),
              record.hashes());
      if (!right) {
        drop(number);
        throw missing(number);
      }
      append(new JournalRecord.Verified(number, store.session()));
    } finally {
      verification.unlock();
    }
  }

  private boolean isDoubtful(int number) {
    return read(table -> table.isDoubtful(number));
  }

  private boolean isStillThere(PieceLayout layout, JournalRecord.Partial partial) {
    int number = partial.number();
    long bytes = Math.min(partial.blocks() * layout.blockLength(), layout.length(number));
    try {
      return partial.hashes().count() == layout.blockCount(number)
          && PieceVerifier.matches(
              file,
              layout.offset(number),
              bytes,
              layout.blockLength(),
              partial.crc(),
              Optional.of(partial.hashes()));
    } catch (IOException e) {
      log.warn("verified blocks unreadable task={} piece={} cause={}", key, number, e.toString());
      return false;
    }
  }

  // What editors and views tell.

  StoredPiece finish(
      int number,
      int crc,
      Optional<BlockHashes> hashes,
      TrafficType trafficType,
      String parentId,
      Duration cost)
      throws IOException {
    JournalRecord.Piece record = pieceRecord(number, crc, hashes, trafficType, parentId, cost);
    append(record);
    release(layout().length(number));
    tell(listener -> listener.pieceFinished(number));
    return toPiece(record);
  }

  JournalRecord.Piece pieceRecord(
      int number,
      int crc,
      Optional<BlockHashes> hashes,
      TrafficType trafficType,
      String parentId,
      Duration cost) {
    Instant now = store.now();
    usedAt = now;
    return new JournalRecord.Piece(
        number, store.session(), crc, trafficType, parentId, cost, now, hashes);
  }

  /** Writes a record and applies it. */
  void append(JournalRecord record) throws IOException {
    lock.lock();
    try {
      modified = true;
      table.apply(journal.append(record), record, store::trusts);
    } finally {
      lock.unlock();
    }
  }

  void keepPartial(int number, int blocks, int crc, BlockHashes hashes) {
    appendOrLog(
        new JournalRecord.Partial(number, store.session(), blocks, crc, hashes),
        "verified blocks aren't kept");
  }

  void dropPartial(int number) {
    appendOrLog(new JournalRecord.Dropped(number), "the drop isn't recorded");
  }

  void editorClosed(int number) {
    Runnable after;
    lock.lock();
    try {
      editing.remove(number);
      after = unpinLocked();
    } finally {
      lock.unlock();
    }
    after.run();
  }

  void lengthKnown(ContentInfo content) throws IOException {
    append(new JournalRecord.Content(content));
  }

  void streamCompleted() {
    release(Long.MAX_VALUE);
    pieces().stream().forEach(number -> tell(listener -> listener.pieceFinished(number)));
  }

  void streamClosed(boolean completed) {
    if (!completed) {
      store.discard(this);
    }
    Runnable after;
    lock.lock();
    try {
      streaming = false;
      after = unpinLocked();
    } finally {
      lock.unlock();
    }
    after.run();
  }

  /** The bytes of the piece may be wrong: the next view verifies them. */
  void doubt(int number) {
    lock.lock();
    try {
      table.doubt(number);
    } finally {
      lock.unlock();
    }
  }

  private void drop(int number) {
    log.warn("stored piece is damaged and was dropped task={} piece={}", key, number);
    appendOrLog(new JournalRecord.Dropped(number), "the drop isn't recorded");
  }

  private void appendOrLog(JournalRecord record, String consequence) {
    try {
      append(record);
    } catch (IOException e) {
      log.warn("{} task={} cause={}", consequence, key, e.toString());
    }
  }

  private Optional<JournalRecord.Piece> pieceRecord(int number) {
    long position;
    PieceLayout layout;
    lock.lock();
    try {
      if (!table.has(number)) {
        return Optional.empty();
      }
      layout = table.layout();
      position = table.position(number);
    } finally {
      lock.unlock();
    }
    try {
      if (journal.read(position) instanceof JournalRecord.Piece piece
          && piece.number() == number
          && piece.hashes().map(h -> h.count() == layout.blockCount(number)).orElse(true)) {
        return Optional.of(piece);
      }
      log.warn("metadata of a piece is not its own task={} piece={}", key, number);
    } catch (IOException e) {
      if (store.isClosed()) {
        return Optional.empty();
      }
      log.warn("metadata of a piece is unreadable task={} cause={}", key, e.toString());
    }
    drop(number);
    return Optional.empty();
  }

  private StoredPiece toPiece(JournalRecord.Piece record) {
    PieceLayout layout = layout();
    return new StoredPiece(
        record.number(),
        layout.offset(record.number()),
        layout.length(record.number()),
        Digest.crc32(Integer.toUnsignedLong(record.crc())),
        record.hashes().map(BlockHashes::root),
        record.trafficType(),
        record.parentId(),
        record.cost(),
        record.createdAt());
  }

  private MissingPieceException missing(int number) {
    return new MissingPieceException("task " + key + " has no piece " + number);
  }

  private Pin pinComplete() {
    Pin pin = pin();
    if (!isComplete()) {
      pin.close();
      throw new IllegalStateException("task " + key + " isn't complete");
    }
    return pin;
  }

  @GuardedBy("lock")
  private Pin pinLocked() {
    if (detached && pins == 0) {
      throw new IllegalStateException("task " + key + " is no longer stored");
    }
    pins++;
    usedAt = store.now();
    AtomicBoolean open = new AtomicBoolean(true);
    return () -> {
      if (open.compareAndSet(true, false)) {
        unpin();
      }
    };
  }

  private void unpin() {
    Runnable after;
    lock.lock();
    try {
      after = unpinLocked();
    } finally {
      lock.unlock();
    }
    after.run();
  }

  /** Returns what remains to be done when the lock is free. */
  @GuardedBy("lock")
  private Runnable unpinLocked() {
    pins--;
    usedAt = store.now();
    if (pins > 0) {
      return () -> {};
    }
    long unused = reserved;
    reserved = 0;
    boolean gone = detached;
    return () -> {
      store.unreserve(unused);
      if (gone) {
        deleteFiles();
      }
    };
  }

  private void release(long written) {
    long part;
    lock.lock();
    try {
      part = Math.min(reserved, written);
      reserved -= part;
    } finally {
      lock.unlock();
    }
    store.unreserve(part);
  }

  // What the store does with its tasks.

  /**
   * Takes the task out of the store; its users go on. The caller tells the listeners.
   *
   * @return false when it was out already, or is pinned and must not be
   */
  boolean detach(boolean onlyUnpinned, long number) {
    boolean unused;
    long unneeded = 0;
    lock.lock();
    try {
      if (detached || (onlyUnpinned && pins > 0)) {
        return false;
      }
      detached = true;
      unused = pins == 0;
      if (unused) {
        unneeded = reserved;
        reserved = 0;
      }
    } finally {
      lock.unlock();
    }
    store.unreserve(unneeded);
    if (unused) {
      deleteFiles();
      return true;
    }
    try {
      // The journal first: content without a journal is nothing, should we stop between.
      journal.file().rename(names.retiredJournal(number));
      file.rename(names.retiredContent(number));
    } catch (IOException e) {
      log.warn("files of a deleted task keep their names task={} cause={}", key, e.toString());
    }
    return true;
  }

  void tellDeleted() {
    tell(StoreListener::deleted);
  }

  /** Everything written is on disk afterwards; the time of last use is remembered. */
  void flush() throws IOException {
    if (modified) {
      file.force();
      journal.file().force();
    }
    rememberUse();
  }

  void rememberUse() throws IOException {
    TaskFiles.remember(journal.file().path(), usedAt);
  }

  private void deleteFiles() {
    try {
      journal.file().delete();
      file.delete();
    } catch (IOException e) {
      log.warn("files of a deleted task stay task={} cause={}", key, e.toString());
    }
  }

  private void tell(Consumer<StoreListener> event) {
    for (StoreListener listener : listeners) {
      try {
        event.accept(listener);
      } catch (RuntimeException e) {
        log.warn("a listener of task {} failed", key, e);
      }
    }
  }

  private <T> T read(Function<PieceTable, T> question) {
    lock.lock();
    try {
      return question.apply(table);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String toString() {
    return "StoredTask[" + key + "]";
  }
}
