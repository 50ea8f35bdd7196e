package io.dragonfly.daemon.download;

import java.util.OptionalInt;

/**
 * How many requests of a task its origin is asked at the same time: half as many each time it says
 * that it is asked too much (429, 503), and one more again for every so many pieces that it gives
 * without complaint. No I/O, no time.
 */
final class OriginWidth {
  /** Pieces that have to come before it is asked more. */
  static final int PIECES_TO_WIDEN = 8;

  private final int most;
  private int width;
  private int pieces;

  OriginWidth(int most) {
    this.most = most;
    this.width = most;
  }

  /** At least 1. */
  int now() {
    return width;
  }

  /** A read broke off, perhaps with an answer. */
  void broke(OptionalInt status) {
    int code = status.orElse(0);
    if (code == 429 || code == 503) {
      width = Math.max(1, width / 2);
      pieces = 0;
    }
  }

  void pieceDone() {
    if (width < most && ++pieces >= PIECES_TO_WIDEN) {
      width++;
      pieces = 0;
    }
  }
}
