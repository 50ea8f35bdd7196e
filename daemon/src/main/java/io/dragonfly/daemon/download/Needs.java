package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.download.Waiters.Waiter;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * What all callers together want and this host lacks. Of a piece that a range begins or ends in,
 * the blocks with bytes of that range come first; the rest follows if anybody wants the whole
 * piece.
 */
final class Needs {
  private final BitSet pieces = new BitSet();
  private final Map<Integer, BlockSet> parts = new TreeMap<>();

  Needs(Iterable<Waiter> waiters, TaskContent content) {
    for (Waiter waiter : waiters) {
      if (waiter.started && waiter.lastPiece() >= waiter.firstPiece()) {
        add(waiter, content);
      }
    }
    pieces.andNot(content.held());
    parts
        .entrySet()
        .removeIf(part ->
            part.getValue().isEmpty()
                || content.holds(part.getKey())
                || (pieces.get(part.getKey()) && isMost(part.getKey(), content)));
    parts.keySet().forEach(pieces::set);
  }

  private void add(Waiter waiter, TaskContent content) {
    int first = waiter.firstPiece();
    int last = waiter.lastPiece();
    if (isPart(waiter, last, content)) {
      last--;
    }
    if (first <= last && isPart(waiter, first, content)) {
      first++;
    }
    if (first <= last) {
      pieces.set(first, last + 1);
    }
  }

  private boolean isPart(Waiter waiter, int piece, TaskContent content) {
    PieceLayout layout = content.layout();
    BlockSet blocks = waiter.blocks(layout, piece);
    if (blocks.equals(layout.blocks(piece))) {
      return false;
    }
    parts.merge(piece, blocks.without(content.part(piece)), BlockSet::or);
    return true;
  }

  /** Nearly all of the piece is as soon there as the part, and in one request. */
  private boolean isMost(int piece, TaskContent content) {
    return 2 * parts.getOrDefault(piece, BlockSet.NONE).count()
        > content.layout().blockCount(piece);
  }

  /** Of which anything is missing. */
  BitSet pieces() {
    return pieces;
  }

  /** The missing blocks of a piece that are needed first; empty when it is needed as a whole. */
  Optional<BlockSet> part(int piece) {
    return Optional.ofNullable(parts.get(piece));
  }

  /** The first of the candidates of which only a part is needed now. */
  OptionalInt firstPart(BitSet candidates) {
    return parts.keySet().stream().filter(candidates::get).mapToInt(piece -> piece).findFirst();
  }
}
