package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import java.io.IOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * What the journal of a task says, as far as it is kept in memory: which pieces there are, and
 * where their records stand. Applying the journal's records one by one, at load or as they are
 * appended, gives the same table. Not safe for several threads: its task locks.
 */
final class PieceTable {
  private ContentInfo content;
  private @Nullable PieceLayout layout;
  private final BitSet finished = new BitSet();

  /** Finished pieces whose bytes must be verified before they are used. */
  private final BitSet doubtful = new BitSet();

  /** By piece number: where its record is in the journal. */
  private long[] positions = new long[0];

  private final Map<Integer, Partial> partials = new HashMap<>();
  private Optional<Instant> failedAt = Optional.empty();
  private Optional<Instant> prefetchedAt = Optional.empty();
  private Optional<Instant> lastPieceAt = Optional.empty();

  /** Blocks of an unfinished piece. */
  record Partial(JournalRecord.Partial record, boolean doubtful) {}

  PieceTable(ContentInfo content) {
    this.content = content;
    this.layout = content.length().isPresent() ? content.layout() : null;
  }

  /** The piece length, assumed while nobody knows it. */
  static long pieceLength(ContentInfo content) {
    return content.pieceLength() > 0
        ? content.pieceLength()
        : PieceLayout.automaticPieceLength(content.length().orElse(0));
  }

  /**
   * Takes one record in.
   *
   * @param trusts whether what was written in a session is certainly on the disk
   * @throws IOException when the record can't be one of this task
   */
  void apply(long position, JournalRecord record, LongPredicate trusts) throws IOException {
    switch (record) {
      case JournalRecord.Header header -> throw new IOException("a second header");
      case JournalRecord.Content change -> apply(change.content());
      case JournalRecord.Piece piece -> {
        checkNumber(piece.number());
        finished.set(piece.number());
        doubtful.set(piece.number(), !trusts.test(piece.session()));
        partials.remove(piece.number());
        if (piece.number() >= positions.length) {
          int most = layout == null ? PieceLayout.MAX_PIECES : layout.pieceCount();
          int grown = Math.max(piece.number() + 1, Math.min(most, positions.length * 2));
          positions = Arrays.copyOf(positions, grown);
        }
        positions[piece.number()] = position;
        lastPieceAt = Optional.of(piece.createdAt());
        failedAt = Optional.empty();
      }
      case JournalRecord.Partial partial -> {
        checkNumber(partial.number());
        if (layout != null && partial.hashes().count() != layout.blockCount(partial.number())) {
          throw new IOException("piece " + partial.number() + " has other blocks");
        }
        partials.put(partial.number(), new Partial(partial, /* doubtful= */ false));
      }
      case JournalRecord.Verified verified -> {
        checkNumber(verified.number());
        if (trusts.test(verified.session())) {
          doubtful.clear(verified.number());
        }
      }
      case JournalRecord.Dropped dropped -> {
        checkNumber(dropped.number());
        drop(dropped.number());
      }
      case JournalRecord.Marks marks -> {
        failedAt = marks.failedAt();
        prefetchedAt = marks.prefetchedAt();
      }
    }
  }

  ContentInfo content() {
    return content;
  }

  boolean isKnown() {
    return layout != null;
  }

  PieceLayout layout() {
    if (layout == null) {
      throw new IllegalStateException("the length of the content is not known yet");
    }
    return layout;
  }

  boolean has(int number) {
    return layout != null && number >= 0 && finished.get(number);
  }

  BitSet finished() {
    return layout == null ? new BitSet() : (BitSet) finished.clone();
  }

  BitSet doubtful() {
    return (BitSet) doubtful.clone();
  }

  boolean isDoubtful(int number) {
    return number >= 0 && doubtful.get(number);
  }

  /** All of its bytes may be wrong. */
  void doubtAll() {
    doubtful.or(finished);
    doubtPartials();
  }

  /** The next use of the piece verifies it. */
  void doubt(int number) {
    doubtful.set(number, finished.get(number));
  }

  long position(int number) {
    return positions[number];
  }

  Optional<Partial> partial(int number) {
    return Optional.ofNullable(partials.get(number));
  }

  /** The blocks of unfinished pieces, by number; a copy. */
  Map<Integer, BlockSet> parts() {
    Map<Integer, BlockSet> parts = new TreeMap<>();
    partials.forEach((number, partial) -> parts.put(number, partial.record().blocks()));
    return parts;
  }

  void drop(int number) {
    finished.clear(number);
    doubtful.clear(number);
    partials.remove(number);
  }

  /** After a restart unfinished pieces are read again in any case: few bytes, and nobody waits. */
  void doubtPartials() {
    partials.replaceAll((_, partial) -> new Partial(partial.record(), /* doubtful= */ true));
  }

  boolean isComplete() {
    return layout != null && finished.cardinality() == layout.pieceCount();
  }

  long storedBytes() {
    if (layout == null || layout.pieceCount() == 0) {
      return 0;
    }
    int last = layout.pieceCount() - 1;
    long bytes = finished.cardinality() * layout.pieceLength();
    for (Map.Entry<Integer, Partial> part : partials.entrySet()) {
      bytes += layout.bytes(part.getKey(), part.getValue().record().blocks());
    }
    return finished.get(last) ? bytes - layout.pieceLength() + layout.length(last) : bytes;
  }

  Optional<Instant> failedAt() {
    return failedAt;
  }

  Optional<Instant> prefetchedAt() {
    return prefetchedAt;
  }

  Optional<Instant> lastPieceAt() {
    return lastPieceAt;
  }

  private void apply(ContentInfo known) throws IOException {
    if (known.length().isEmpty()) {
      throw new IOException("the content's length is still unknown");
    }
    PieceLayout next = known.layout();
    if (next.pieceLength() != pieceLength(content)) {
      finished.clear();
      doubtful.clear();
      partials.clear();
    }
    if (finished.length() > next.pieceCount()) {
      throw new IOException("more pieces than the content has");
    }
    content = known;
    layout = next;
  }

  private void checkNumber(int number) throws IOException {
    int count = layout == null ? PieceLayout.MAX_PIECES : layout.pieceCount();
    if (number < 0 || number >= count) {
      throw new IOException("piece " + number + " of " + count);
    }
  }
}
