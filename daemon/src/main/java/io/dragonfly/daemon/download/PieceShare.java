package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.PieceLayout;
import java.util.BitSet;
import java.util.Optional;

/**
 * What of a content one request to the origin is for: whole pieces, or some blocks in a row of one.
 *
 * @param pieces not empty
 * @param part the blocks, when only these are wanted of the first piece and nothing else
 */
record PieceShare(BitSet pieces, Optional<BlockSet> part) {

  /** These pieces and all between them. */
  static PieceShare between(int first, int last, Optional<BlockSet> part) {
    BitSet pieces = new BitSet();
    pieces.set(first, last + 1);
    return new PieceShare(pieces, part);
  }

  /** The first of the blocks that are in a row. */
  static BlockSet runOf(BlockSet blocks) {
    return BlockSet.between(blocks.first(), blocks.endOfRun(blocks.first()));
  }

  /**
   * What an answer is good for: the pieces that begin in it, or the first of them alone when only a
   * part of that is needed. None may be left.
   *
   * @param start where in the content the answer begins
   * @param end where it ends
   */
  static PieceShare within(BitSet wanted, Needs needs, PieceLayout layout, long start, long end) {
    BitSet pieces = new BitSet();
    for (int piece = wanted.nextSetBit(0); piece >= 0; piece = wanted.nextSetBit(piece + 1)) {
      Optional<BlockSet> needed = needs.part(piece).map(PieceShare::runOf);
      long begin = startOf(layout, piece, needed);
      if (begin >= start && begin < end) {
        pieces.set(piece);
        if (needed.isPresent()) {
          return between(piece, piece, needed);
        }
      }
    }
    return new PieceShare(pieces, Optional.empty());
  }

  private static long startOf(PieceLayout layout, int piece, Optional<BlockSet> part) {
    return layout.offset(piece)
        + part.map(blocks -> layout.blockOffset(piece, blocks.first())).orElse(0L);
  }

  /** Where in the content it begins. */
  long start(PieceLayout layout) {
    return startOf(layout, pieces.nextSetBit(0), part);
  }

  /** Where in the content it ends. */
  long end(PieceLayout layout) {
    int last = pieces.length() - 1;
    return layout.offset(last) + endIn(layout, last);
  }

  /** Where in a piece of it that ends which is wanted. */
  long endIn(PieceLayout layout, int piece) {
    return Math.min(blocks(layout, piece).end() * layout.blockLength(), layout.length(piece));
  }

  /** The blocks of a piece of it that are wanted. */
  BlockSet blocks(PieceLayout layout, int piece) {
    return part.orElseGet(() -> layout.blocks(piece));
  }
}
