package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.PieceLayout;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What of a content one request to the origin is for: whole pieces, and of some only blocks.
 *
 * @param pieces those of which anything is wanted
 * @param parts the blocks that are wanted, of the pieces that are not wanted whole
 */
record PieceShare(BitSet pieces, Map<Integer, BlockSet> parts) {

  /** Whole pieces. */
  static PieceShare of(BitSet pieces) {
    return new PieceShare((BitSet) pieces.clone(), Map.of());
  }

  /**
   * These pieces and all between them.
   *
   * @param part what is wanted of the first, if that is not all of it
   */
  static PieceShare between(int first, int last, Optional<BlockSet> part) {
    BitSet pieces = new BitSet();
    pieces.set(first, last + 1);
    return new PieceShare(pieces, part.map(blocks -> Map.of(first, blocks)).orElse(Map.of()));
  }

  /** The first of the blocks that are in a row. */
  static BlockSet runOf(BlockSet blocks) {
    return BlockSet.between(blocks.first(), blocks.endOfRun(blocks.first()));
  }

  /**
   * What the answer to a look is good for: all of it that this host lacks, for its bytes are on
   * their way. Pieces that do not begin within the answer, or of which not all is needed, are
   * wanted in the blocks that are in it. It may be nothing.
   *
   * @param free pieces that nobody else brings
   * @param start where in the content the answer begins
   * @param length bytes that were asked for; the content may end before
   */
  static PieceShare within(BitSet free, Needs needs, TaskContent content, long start, long length) {
    PieceLayout layout = content.layout();
    long end = Math.min(start + length, layout.contentLength());
    BitSet pieces = new BitSet();
    Map<Integer, BlockSet> parts = new TreeMap<>();
    for (int piece = free.nextSetBit(0); piece >= 0; piece = free.nextSetBit(piece + 1)) {
      long offset = layout.offset(piece);
      boolean whole = needs.part(piece).isEmpty() && offset >= start && offset < end;
      BlockSet blocks = within(piece, start, end, layout).without(content.part(piece));
      if (!whole && !blocks.isEmpty()) {
        parts.put(piece, blocks);
      }
      pieces.set(piece, whole || !blocks.isEmpty());
    }
    return new PieceShare(pieces, parts);
  }

  /** The blocks of a piece that are all between two positions of the content. */
  private static BlockSet within(int piece, long start, long end, PieceLayout layout) {
    long from = Math.max(0, start - layout.offset(piece));
    long to = Math.min(end - layout.offset(piece), layout.length(piece));
    long first = Math.ceilDiv(from, layout.blockLength());
    long behind = to == layout.length(piece) ? layout.blockCount(piece) : to / layout.blockLength();
    return to <= 0 || first >= behind ? BlockSet.NONE : BlockSet.between((int) first, (int) behind);
  }

  int first() {
    return pieces.nextSetBit(0);
  }

  int last() {
    return pieces.length() - 1;
  }

  /** The blocks that are wanted of a piece that is not wanted whole. */
  Optional<BlockSet> part(int piece) {
    return Optional.ofNullable(parts.get(piece));
  }

  /** Where in the content it begins. */
  long start(PieceLayout layout) {
    int first = first();
    return layout.offset(first)
        + part(first).map(blocks -> layout.blockOffset(first, blocks.first())).orElse(0L);
  }

  /** Where in the content it ends. */
  long end(PieceLayout layout) {
    int last = last();
    return layout.offset(last) + endIn(layout, last);
  }

  /** Where in a piece of it that ends which is wanted. */
  long endIn(PieceLayout layout, int piece) {
    return Math.min(blocks(layout, piece).end() * layout.blockLength(), layout.length(piece));
  }

  /** The blocks of a piece of it that are wanted. */
  BlockSet blocks(PieceLayout layout, int piece) {
    return part(piece).orElseGet(() -> layout.blocks(piece));
  }
}
