package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.PieceLayout;
import java.util.BitSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;

/** Chooses what the next request to the origin is for. */
final class OriginRuns {
  /** The shortest run is this part of the longest, where pieces are not longer. */
  private static final int SHARES = 4;

  /** Bytes in a row that are here already and are not read again for a request less. */
  private static final long WORTH_SKIPPING = 256 * 1024;

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
      BitSet free, Needs needs, int[] readers, TaskContent content, int width, boolean anywhere) {
    OptionalInt part = needs.firstPart(free);
    if (part.isPresent()) {
      // Only what is needed of it: its root has to wait until somebody needs all of it.
      int piece = part.getAsInt();
      return PieceShare.between(piece, piece, needs.part(piece).map(PieceShare::runOf));
    }
    int first = first(free, readers, anywhere);
    BlockSet missing = content.layout().blocks(first).without(content.part(first));
    BlockSet run = joined(first, missing, content.layout());
    BlockSet behind = content.layout().blocks(first).without(BlockSet.between(0, run.end()));
    return run.end() < missing.end() || content.layout().bytes(first, behind) >= WORTH_SKIPPING
        ? PieceShare.between(first, first, Optional.of(run))
        : PieceShare.between(first, last(first, free, content, width), Optional.empty());
  }

  /**
   * The first of the missing blocks up to those that are held, unless these are so few that to skip
   * them costs a request more than to read them again.
   */
  private static BlockSet joined(int piece, BlockSet missing, PieceLayout layout) {
    int end = missing.endOfRun(missing.first());
    while (end < missing.end()) {
      int next = missing.without(BlockSet.between(0, end)).first();
      if (layout.bytes(piece, BlockSet.between(end, next)) >= WORTH_SKIPPING) {
        break;
      }
      end = missing.endOfRun(next);
    }
    return BlockSet.between(missing.first(), end);
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

  private int last(int first, BitSet free, TaskContent content, int width) {
    PieceLayout layout = content.layout();
    int end = free.nextClearBit(first);
    int last = first;
    long length = layout.length(first);
    long most = longest(free, layout, width);
    while (last + 1 < end
        && length + layout.length(last + 1) <= most
        && holdsLittle(last + 1, content)) {
      last++;
      length += layout.length(last);
    }
    return last;
  }

  private static boolean holdsLittle(int piece, TaskContent content) {
    return content.layout().bytes(piece, content.part(piece)) < WORTH_SKIPPING;
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
