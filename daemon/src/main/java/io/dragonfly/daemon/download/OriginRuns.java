package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.PieceLayout;
import java.util.BitSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;

/** Chooses what the next request to the origin is for. */
final class OriginRuns {
  /** The shortest run is this part of the longest, where pieces are not longer. */
  private static final int SHARES = 4;

  private final long longest;
  private final RandomGenerator random;

  /**
   * @param longest bytes of a run
   */
  OriginRuns(long longest, RandomGenerator random) {
    this.longest = longest;
    this.random = random;
  }

  /**
   * The next share of what is free: parts of pieces first, then what callers read next.
   *
   * @param free not empty
   * @param width requests at a time
   * @param anywhere whether other hosts do the same: then each begins elsewhere
   */
  PieceShare next(
      BitSet free, Needs needs, int[] readers, PieceLayout layout, int width, boolean anywhere) {
    OptionalInt part = needs.firstPart(free);
    if (part.isPresent()) {
      // Only what is needed of it: its root has to wait until somebody needs all of it.
      int piece = part.getAsInt();
      return PieceShare.between(piece, piece, needs.part(piece).map(PieceShare::runOf));
    }
    int first = first(free, readers, anywhere);
    return PieceShare.between(first, last(first, free, layout, width), Optional.empty());
  }

  private int first(BitSet free, int[] readers, boolean anywhere) {
    for (int reader : readers) {
      int next = free.nextSetBit(reader);
      if (next >= 0) {
        return next;
      }
    }
    return free.nextSetBit(anywhere ? random.nextInt(free.length()) : 0);
  }

  private int last(int first, BitSet free, PieceLayout layout, int width) {
    int end = free.nextClearBit(first);
    int last = first;
    long length = layout.length(first);
    long most = longest(free, layout, width);
    while (last + 1 < end && length + layout.length(last + 1) <= most) {
      last++;
      length += layout.length(last);
    }
    return last;
  }

  /**
   * Towards the end runs become shorter, so that all reads end at about the same time: a single
   * connection that is left alone with the last run may be far from filling the link.
   */
  private long longest(BitSet free, PieceLayout layout, int width) {
    long share = free.cardinality() * layout.length(0) / width;
    return Math.clamp(share, longest / SHARES, longest);
  }
}
