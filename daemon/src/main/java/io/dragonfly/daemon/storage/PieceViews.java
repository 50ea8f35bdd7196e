package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.PieceLayout;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Opens pieces of a task for reading: whole ones, and what may be read of others. */
final class PieceViews {
  private final StoredTask task;
  private final SharedFile file;
  private final TaskPieces pieces;
  private final Arrivals arrivals;

  PieceViews(StoredTask task, SharedFile file, TaskPieces pieces, Arrivals arrivals) {
    this.task = task;
    this.file = file;
    this.pieces = pieces;
    this.arrivals = arrivals;
  }

  /** See {@link StoredTask#view}. */
  PieceView whole(int number) throws IOException {
    Pin pin = pin(number);
    try {
      pieces.verify(number);
      JournalRecord.Piece record = pieces.record(number).orElseThrow(() -> pieces.missing(number));
      return new FilePieceView(
          task, file, StoredPiece.of(record, task.layout()), record.hashes(), pin);
    } catch (IOException | RuntimeException e) {
      pin.close();
      throw e;
    }
  }

  /** See {@link StoredTask#viewOrRelay}. */
  PieceContent forOthers(int number) throws IOException {
    return task.hasPiece(number) ? whole(number) : relayed(number, arrivals.forOthers(number));
  }

  /** See {@link StoredTask#viewForThisHost}. */
  PieceContent forThisHost(int number, long offset) throws IOException {
    if (task.hasPiece(number)) {
      return whole(number);
    }
    PieceRelay relay = arrivals.forThisHost(number);
    return relayed(number, relay == null ? left(number, offset) : relay);
  }

  private PieceContent relayed(int number, @Nullable PieceRelay relay) throws IOException {
    if (relay == null) {
      return whole(number); // It may have been finished meanwhile.
    }
    return new RelayedContent(file, relay, task.layout().offset(number), pin(number));
  }

  /** What an earlier download has left at the offset. */
  private @Nullable PieceRelay left(int number, long offset) {
    JournalRecord.Partial partial = pieces.partial(number).orElse(null);
    if (partial == null) {
      return null;
    }
    PieceLayout layout = task.layout();
    PieceRelay left =
        new PieceRelay(
            number,
            layout.length(number),
            layout.blockLength(),
            Optional.empty(),
            partial.blocks());
    left.end(/* isWhole= */ false);
    return left.available(offset) > 0 ? left : null;
  }

  private Pin pin(int number) throws MissingPieceException {
    return task.tryPin().orElseThrow(() -> pieces.missing(number));
  }
}
