package io.dragonfly.daemon.storage;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.PieceLayout;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A task's table of pieces and its journal, kept in step, and the verification of what an unclean
 * stop left in doubt.
 *
 * <p>The lock guards the table and is held while the journal is appended; never while content is
 * read.
 */
final class TaskPieces {
  private static final Logger log = LoggerFactory.getLogger(TaskPieces.class);

  private final PieceStore store;
  private final TaskKey key;
  private final SharedFile file;
  private final TaskJournal journal;

  /** Held while pieces in doubt are read, so that each is read once. */
  private final ReentrantLock verification = new ReentrantLock();

  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final PieceTable table;

  /** Pieces with an editor. */
  @GuardedBy("lock")
  private final Set<Integer> edited = new HashSet<>();

  @GuardedBy("lock")
  private boolean streamed;

  /** What was written last is read first; it can be read from the journal just as well. */
  @GuardedBy("lock")
  private SoftReference<JournalRecord.Piece> latest = new SoftReference<>(null);

  @GuardedBy("lock")
  private long latestAt;

  /** Something was written since the store was opened. */
  private volatile boolean modified;

  TaskPieces(
      PieceStore store, TaskKey key, SharedFile file, TaskJournal journal, PieceTable table) {
    this.store = store;
    this.key = key;
    this.file = file;
    this.journal = journal;
    this.table = table;
  }

  <T> T read(Function<PieceTable, T> question) {
    lock.lock();
    try {
      return question.apply(table);
    } finally {
      lock.unlock();
    }
  }

  boolean isModified() {
    return modified;
  }

  /** Claims a piece for an editor; false when it is finished or claimed. */
  boolean claim(int number) {
    lock.lock();
    try {
      return !table.has(number) && edited.add(number);
    } finally {
      lock.unlock();
    }
  }

  void unclaim(int number) {
    lock.lock();
    try {
      edited.remove(number);
    } finally {
      lock.unlock();
    }
  }

  /** Claims content of unknown length for a stream. */
  boolean claimStream() {
    lock.lock();
    try {
      boolean free = !table.isKnown() && !streamed;
      streamed |= free;
      return free;
    } finally {
      lock.unlock();
    }
  }

  void unclaimStream() {
    lock.lock();
    try {
      streamed = false;
    } finally {
      lock.unlock();
    }
  }

  /** Writes a record and applies it. */
  void append(JournalRecord record) throws IOException {
    lock.lock();
    try {
      modified = true;
      long position = journal.append(record);
      table.apply(position, record, store::trusts);
      if (record instanceof JournalRecord.Piece piece) {
        latest = new SoftReference<>(piece);
        latestAt = position;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Writes a record that isn't worth a failure. */
  void appendOrLog(JournalRecord record) {
    try {
      append(record);
    } catch (IOException e) {
      log.warn("metadata isn't written task={} cause={}", key, e.toString());
    }
  }

  /**
   * Forgets a piece, or the beginning of one; here also if the journal can't be written. That a
   * finished piece has gone is on the disk before its place is written anew: a loss of power must
   * not bring back the record of what is half overwritten.
   */
  void drop(int number) {
    boolean finished = read(table -> table.has(number));
    appendOrLog(new JournalRecord.Dropped(number));
    if (finished) {
      forceOrLog();
    }
    lock.lock();
    try {
      table.drop(number);
    } finally {
      lock.unlock();
    }
  }

  private void forceOrLog() {
    try {
      journal.file().force();
    } catch (IOException e) {
      log.warn("metadata isn't on the disk task={} cause={}", key, e.toString());
    }
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

  /** All of its bytes may be wrong. */
  void doubtAll() {
    lock.lock();
    try {
      table.doubtAll();
    } finally {
      lock.unlock();
    }
  }

  /** The record of a finished piece; one that can't be read any more costs the piece. */
  Optional<JournalRecord.Piece> record(int number) {
    long position;
    PieceLayout layout;
    lock.lock();
    try {
      if (!table.has(number)) {
        return Optional.empty();
      }
      layout = table.layout();
      position = table.position(number);
      JournalRecord.Piece written = latest.get();
      if (written != null && position == latestAt) {
        return Optional.of(written);
      }
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
      if (store.isClosed() || Thread.currentThread().isInterrupted()) {
        return Optional.empty();
      }
      log.warn("metadata of a piece is unreadable task={} cause={}", key, e.toString());
    }
    drop(number);
    return Optional.empty();
  }

  MissingPieceException missing(int number) {
    return new MissingPieceException("task " + key + " has no piece " + number);
  }

  /** Verifies all that is in doubt. */
  void verify() throws IOException {
    for (int number : read(PieceTable::doubtful).stream().toArray()) {
      verify(number);
    }
  }

  /** Verifies a piece if it is in doubt; throws when it is wrong, and drops it. */
  void verify(int number) throws IOException {
    if (!isDoubtful(number)) {
      return;
    }
    verification.lock();
    try {
      if (isDoubtful(number) && !isRight(number)) {
        throw missing(number);
      }
    } finally {
      verification.unlock();
    }
  }

  /** Reads a finished piece again; false when it was wrong, and has been dropped. */
  boolean check(int number) throws IOException {
    verification.lock();
    try {
      return read(table -> !table.has(number)) || isRight(number);
    } finally {
      verification.unlock();
    }
  }

  /** What can't be read is as bad as what is wrong. */
  private boolean isRight(int number) throws IOException {
    JournalRecord.Piece record = record(number).orElseThrow(() -> missing(number));
    PieceLayout layout = read(PieceTable::layout);
    String flaw = "";
    try {
      boolean right =
          PieceVerifier.matches(
              file,
              layout.offset(number),
              layout.length(number),
              layout.blockLength(),
              record.crc(),
              record.hashes());
      flaw = right ? "" : "its bytes differ";
    } catch (IOException e) {
      if (store.isClosed() || Thread.currentThread().isInterrupted()) {
        throw e;
      }
      flaw = e.toString();
    }
    if (!flaw.isEmpty()) {
      log.warn("stored piece is damaged and dropped task={} piece={} cause={}", key, number, flaw);
      drop(number);
      store.damaged(key);
      return false;
    }
    if (isDoubtful(number)) {
      append(new JournalRecord.Verified(number, store.session()));
    }
    return true;
  }

  /** The blocks of an unfinished piece, if there are any; read again when they are in doubt. */
  Optional<JournalRecord.Partial> partial(int number) {
    PieceTable.Partial partial = read(table -> table.partial(number)).orElse(null);
    if (partial == null || !partial.doubtful()) {
      return Optional.ofNullable(partial).map(PieceTable.Partial::record);
    }
    verification.lock();
    try {
      PieceTable.Partial still = read(table -> table.partial(number)).orElse(null);
      if (still != null && still.doubtful()) {
        verify(still.record());
      }
    } finally {
      verification.unlock();
    }
    return read(table -> table.partial(number)).map(PieceTable.Partial::record);
  }

  private boolean isDoubtful(int number) {
    return read(table -> table.isDoubtful(number));
  }

  /** Blocks that are not what they should be, or can't be read, are forgotten. */
  private void verify(JournalRecord.Partial partial) {
    PieceLayout layout = read(PieceTable::layout);
    int number = partial.number();
    BlockSet right = BlockSet.NONE;
    try {
      right =
          PieceVerifier.matching(
              file,
              layout.offset(number),
              layout.length(number),
              layout.blockLength(),
              partial.blocks(),
              partial.hashes());
    } catch (IOException e) {
      log.warn("stored blocks unreadable task={} piece={} cause={}", key, number, e.toString());
    }
    if (!right.isEmpty()) {
      appendOrLog(partial.keeping(right, store.session()));
    } else {
      drop(number);
    }
  }
}
