package io.dragonfly.daemon.storage;

import io.dragonfly.common.digest.Algorithm;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.PieceRoot;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One version of one task's content. Safe for many threads.
 *
 * <p>In memory are the bitmaps and where each piece's record stands in the journal; the records
 * themselves, with their block hashes, are read when asked for. Listeners are called without locks
 * held.
 */
public final class StoredTask {
  private final PieceStore store;
  private final TaskKey key;
  private final TaskOrigin origin;
  private final Instant createdAt;
  private final SharedFile file;
  private final OpenTask files;
  private final TaskPieces pieces;
  private final TaskUse use;

  private final Listeners<StoreListener> listeners;
  private final Arrivals arrivals;
  private final Uploads uploads;
  private final PieceViews views;
  private final WholeContent whole;

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
    this.file = file;
    this.files = new OpenTask(key, names, file, journal.file());
    this.pieces = new TaskPieces(store, key, file, journal, table);
    this.use = new TaskUse(store, key, usedAt, files::delete);
    this.listeners = new Listeners<>("task " + key);
    this.arrivals = new Arrivals(listeners);
    this.uploads = new Uploads(listeners);
    this.views = new PieceViews(this, file, pieces, arrivals);
    this.whole = new WholeContent(this, file);
  }

  public TaskKey key() {
    return key;
  }

  /** What the origin said; has a length unless a {@link StreamEditor} is still writing. */
  public ContentInfo content() {
    return pieces.read(PieceTable::content);
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
    return pieces.read(PieceTable::layout);
  }

  /** The finished pieces; a copy. */
  public BitSet pieces() {
    return pieces.read(PieceTable::finished);
  }

  public boolean hasPiece(int number) {
    return pieces.read(table -> table.has(number));
  }

  /** The blocks that there are of unfinished pieces, by number; a copy. */
  public Map<Integer, BlockSet> parts() {
    return pieces.read(PieceTable::parts);
  }

  /** Read from disk. */
  public Optional<StoredPiece> piece(int number) {
    return pieces.record(number).map(record -> StoredPiece.of(record, layout()));
  }

  /** The hashes of a finished piece's blocks, if it has any; read from disk. */
  public Optional<BlockHashes> blockHashes(int number) {
    return pieces.record(number).flatMap(JournalRecord.Piece::hashes);
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
    return pieces.read(PieceTable::isComplete);
  }

  /** Bytes in finished pieces. */
  public long storedBytes() {
    return pieces.read(PieceTable::storedBytes);
  }

  public Instant createdAt() {
    return createdAt;
  }

  /** When the task last got a piece or was used by anybody. */
  public Instant updatedAt() {
    return use.usedAt();
  }

  /** When the last piece came, if all are there. */
  public Optional<Instant> finishedAt() {
    return pieces.read(table ->
        table.isComplete()
            ? Optional.of(table.lastPieceAt().orElse(createdAt))
            : Optional.<Instant>empty());
  }

  /** When the last download of it failed; a piece that comes afterwards clears it. */
  public Optional<Instant> failedAt() {
    return pieces.read(PieceTable::failedAt);
  }

  public Optional<Instant> prefetchedAt() {
    return pieces.read(PieceTable::prefetchedAt);
  }

  public void markFailed() {
    Instant now = store.now();
    pieces.appendOrLog(new JournalRecord.Marks(Optional.of(now), prefetchedAt()));
  }

  public void markPrefetched() {
    Instant now = store.now();
    pieces.appendOrLog(new JournalRecord.Marks(failedAt(), Optional.of(now)));
  }

  /** Pieces being sent to other hosts now. */
  public int uploadingCount() {
    return uploads.running();
  }

  /** Pieces sent whole to other hosts since the daemon started. */
  public long uploadedCount() {
    return uploads.whole();
  }

  /** Counts a piece that is being sent to another host. */
  public void uploadStarted(int number) {
    uploads.started(number);
  }

  /** Counts the end of what {@link #uploadStarted} began. */
  public void uploadEnded(int number, boolean whole) {
    uploads.ended(number, whole);
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
    Pin pin = use.pin();
    if (!pieces.claim(number)) {
      pin.close();
      return Optional.empty();
    }
    JournalRecord.Partial partial = pieces.partial(number).orElse(null);
    return Optional.of(new FilePieceEditor(this, file, pin, layout, number, partial));
  }

  /**
   * Opens the only editor of content of unknown length; empty if there is one, or the length is
   * known.
   */
  public Optional<StreamEditor> stream() {
    Pin pin = use.pin();
    if (!pieces.claimStream()) {
      pin.close();
      return Optional.empty();
    }
    return Optional.of(new FileStreamEditor(this, file, pin, PieceTable.pieceLength(content())));
  }

  /**
   * Opens a finished piece for reading. After an unclean stop the first view verifies the piece.
   *
   * @throws MissingPieceException when the piece isn't there (any more)
   */
  public PieceView view(int number) throws IOException {
    return views.whole(number);
  }

  /**
   * Opens a piece for reading that is finished, or comes in and may be read meanwhile.
   *
   * @throws MissingPieceException when it is neither
   */
  public PieceContent viewOrRelay(int number) throws IOException {
    return views.forOthers(number);
  }

  /**
   * Opens a piece for a reader of this host who wants what is at an offset: finished, or coming in,
   * also from the origin while nobody but that vouches for it; or the block that an earlier
   * download has left.
   *
   * @throws MissingPieceException when there is no such thing
   */
  public PieceContent viewForThisHost(int number, long offset) throws IOException {
    return views.forThisHost(number, offset);
  }

  /** The unfinished pieces that others may read as they come in; a copy. */
  public BitSet relayed() {
    return arrivals.numbers();
  }

  /**
   * Keeps the bytes until closed, whatever happens to the task.
   *
   * @throws IllegalStateException when the task left the store and nobody has it pinned
   */
  public Pin pin() {
    return use.pin();
  }

  /** As {@link #pin}, but empty when the task is gone. */
  public Optional<Pin> tryPin() {
    return use.tryPin();
  }

  /**
   * Sets room aside: {@code bytes} more are about to be written, while the task is pinned.
   *
   * @throws NoSpaceException when there is no room, also after evicting what nobody uses
   */
  public void reserve(long bytes) throws IOException {
    store.reserve(key, bytes);
    use.reserved(bytes);
  }

  /** Closing what is returned ends the listening. */
  public StoreListener.Registration listen(StoreListener listener) {
    return listeners.add(listener);
  }

  /**
   * The content file, for links and copies. The task must be pinned while it is used, and {@link
   * #verify()} called before; the name is another one once the task was deleted.
   */
  public Path file() {
    return file.path();
  }

  /**
   * Whether a file can have the same blocks as the content, found by trying: the file then begins
   * with the first {@code length} bytes of what the content's file has now.
   *
   * @param length a multiple of the file system's block
   */
  public boolean sharesWith(Path target, long length) {
    return file.share(0, length, target, 0);
  }

  /**
   * Copies the whole content to the target's position, inside the kernel where it can.
   *
   * @throws IllegalStateException when the task isn't complete
   */
  public void copyTo(FileChannel target) throws IOException {
    whole.copyTo(target);
  }

  /**
   * The digest of the whole content: reads the file once, then remembers.
   *
   * @throws IllegalStateException when the task isn't complete
   */
  public Digest contentDigest(Algorithm algorithm) throws IOException {
    return whole.digest(algorithm);
  }

  /** Whether the content was compared with this digest before, and had it. */
  public boolean isKnownToHave(Digest digest) {
    return isComplete() && whole.isKnownToHave(digest);
  }

  /**
   * Reads what an unclean stop left in doubt; does nothing otherwise.
   *
   * @throws MissingPieceException when a piece was wrong: it is no longer there
   */
  public void verify() throws IOException {
    pieces.verify();
  }

  /** Whether all is there, or somebody uses or makes it. */
  public boolean isWholeOrUsed() {
    return isComplete() || use.isPinned();
  }

  // What the scrubber does.

  /**
   * Reads a finished piece again, without counting that as a use; drops it when it is no longer
   * what was stored. What nobody uses does not stay in the kernel's memory for it.
   *
   * @return false when the piece was damaged
   */
  boolean scrub(int number) throws IOException {
    Pin pin = use.tryPinQuietly().orElse(null);
    if (pin == null) {
      return true; // It has gone.
    }
    try {
      boolean right = pieces.check(number);
      if (!use.isWarm()) {
        files.cool(layout().offset(number), layout().length(number));
      }
      return right;
    } finally {
      pin.close();
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
    pieces.append(record);
    use.written(layout().length(number));
    store.writeBack().begin(file, layout().offset(number), layout().length(number));
    listeners.tell(listener -> listener.pieceFinished(number));
    return StoredPiece.of(record, layout());
  }

  JournalRecord.Piece pieceRecord(
      int number,
      int crc,
      Optional<BlockHashes> hashes,
      TrafficType trafficType,
      String parentId,
      Duration cost) {
    return new JournalRecord.Piece(
        number, store.session(), crc, trafficType, parentId, cost, store.now(), hashes);
  }

  void append(JournalRecord record) throws IOException {
    pieces.append(record);
  }

  /** Remembers blocks of an unfinished piece. */
  void keepPartial(int number, BlockSet blocks, BlockHasher hasher, @Nullable BlockHashes rooted) {
    pieces.appendOrLog(
        JournalRecord.Partial.of(number, store.session(), blocks, hasher, layout(), rooted));
  }

  void drop(int number) {
    pieces.drop(number);
  }

  void doubt(int number) {
    pieces.doubt(number);
  }

  Arrivals arrivals() {
    return arrivals;
  }

  void editorClosed(int number) {
    pieces.unclaim(number);
  }

  void lengthKnown(ContentInfo content) throws IOException {
    pieces.append(new JournalRecord.Content(content));
  }

  void streamCompleted() {
    use.written(Long.MAX_VALUE);
    pieces().stream().forEach(number -> listeners.tell(listener -> listener.pieceFinished(number)));
  }

  void streamClosed(boolean completed) {
    if (!completed) {
      store.discard(this);
    }
    pieces.unclaimStream();
  }

  // What the store does with its tasks.

  boolean isPinned() {
    return use.isPinned();
  }

  /**
   * Takes the task out of the store; its users go on. The caller tells the listeners.
   *
   * @return false when it was out already, or is pinned and must not be
   */
  boolean detach(boolean onlyUnpinned, long number) {
    switch (use.detach(onlyUnpinned)) {
      case REFUSED -> {
        return false;
      }
      case UNUSED -> files.delete();
      case USED -> files.retire(number);
    }
    return true;
  }

  /**
   * Drops the content from the kernel's memory; false when it was not used since the last time.
   * What the disk did not take is only there: after that each piece is read before its next use.
   */
  boolean cool() {
    if (!use.cool()) {
      return false;
    }
    if (!files.isTakenByDisk()) {
      pieces.doubtAll();
      store.writesLost();
    }
    return files.cool(0, 0);
  }

  void tellDeleted() {
    listeners.tell(StoreListener::deleted);
  }

  /** Everything written is on disk afterwards; the time of last use is remembered. */
  void flush() throws IOException {
    if (pieces.isModified()) {
      files.force();
    }
    rememberUse();
  }

  void rememberUse() throws IOException {
    files.remember(use.usedAt());
  }

  @Override
  public String toString() {
    return "StoredTask[" + key + "]";
  }
}
