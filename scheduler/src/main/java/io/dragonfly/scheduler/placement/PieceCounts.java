package io.dragonfly.scheduler.placement;

import java.util.Arrays;
import java.util.BitSet;

/**
 * How many usable parents of a task hold each piece. A parent that holds everything is one number,
 * not a bit set, so that a hundred thousand finished peers cost nothing.
 */
public final class PieceCounts {
  private int[] counts = new int[0];
  private int pieces;
  private int complete;

  public void addComplete() {
    complete++;
  }

  public void removeComplete() {
    if (complete == 0) {
      throw new IllegalStateException("no complete holder to remove");
    }
    complete--;
  }

  public void add(int piece) {
    if (piece >= counts.length) {
      counts = Arrays.copyOf(counts, Math.max(piece + 1, counts.length * 2));
    }
    if (counts[piece]++ == 0) {
      pieces++;
    }
  }

  public void add(BitSet held) {
    for (int piece = held.nextSetBit(0); piece >= 0; piece = held.nextSetBit(piece + 1)) {
      add(piece);
    }
  }

  public void remove(BitSet held) {
    for (int piece = held.nextSetBit(0); piece >= 0; piece = held.nextSetBit(piece + 1)) {
      if (piece >= counts.length || counts[piece] == 0) {
        throw new IllegalStateException("piece " + piece + " was never counted");
      }
      if (--counts[piece] == 0) {
        pieces--;
      }
    }
  }

  /** Usable parents that hold everything. */
  public int complete() {
    return complete;
  }

  /** Whether every one of {@code pieceCount} pieces is held. */
  public boolean coversAll(int pieceCount) {
    return complete > 0 || pieces >= pieceCount;
  }

  /** Whether this piece is held. */
  public boolean covers(int piece) {
    return complete > 0 || (piece < counts.length && counts[piece] > 0);
  }

  /** The pieces that are held, of {@code pieceCount}. */
  public BitSet held(int pieceCount) {
    BitSet held = new BitSet(pieceCount);
    if (complete > 0) {
      held.set(0, pieceCount);
      return held;
    }
    for (int piece = 0; piece < Math.min(counts.length, pieceCount); piece++) {
      if (counts[piece] > 0) {
        held.set(piece);
      }
    }
    return held;
  }
}
