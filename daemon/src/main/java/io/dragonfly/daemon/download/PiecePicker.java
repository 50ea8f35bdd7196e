package io.dragonfly.daemon.download;

import java.util.BitSet;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;

/**
 * Chooses the next piece: in order where somebody reads, else the rarest, and by chance among
 * equally rare ones, so that many hosts that begin together do not all ask for the same piece.
 *
 * <p>A search looks at no more than {@value #SAMPLE} candidates, from a random place on, so that it
 * costs the same for a million pieces.
 */
final class PiecePicker {
  /** Pieces ahead of a reader that come first. */
  static final int WINDOW = 16;

  private static final int SAMPLE = 512;

  private final RandomGenerator random;

  PiecePicker(RandomGenerator random) {
    this.random = random;
  }

  /**
   * @param candidates pieces that may be taken
   * @param readers places where somebody reads, the most urgent first
   * @param holders how many parents hold each piece
   */
  OptionalInt pick(BitSet candidates, int[] readers, int[] holders) {
    if (candidates.isEmpty()) {
      return OptionalInt.empty();
    }
    for (int reader : readers) {
      int next = candidates.nextSetBit(reader);
      if (next >= 0 && next - reader < WINDOW) {
        return OptionalInt.of(next);
      }
    }
    return OptionalInt.of(rarest(candidates, holders));
  }

  private int rarest(BitSet candidates, int[] holders) {
    int piece = candidates.nextSetBit(random.nextInt(candidates.length()));
    int first = piece;
    int best = -1;
    int fewest = Integer.MAX_VALUE;
    int equals = 0;
    for (int seen = 0; seen < SAMPLE; seen++) {
      if (holders[piece] < fewest) {
        fewest = holders[piece];
        best = piece;
        equals = 1;
      } else if (holders[piece] == fewest && random.nextInt(++equals) == 0) {
        best = piece;
      }
      piece = candidates.nextSetBit(piece + 1);
      if (piece < 0) {
        piece = candidates.nextSetBit(0);
      }
      if (piece == first) {
        break;
      }
    }
    return best;
  }
}
