package io.dragonfly.daemon.download;

import java.util.OptionalInt;

/**
 * How many requests of a task its origin is asked at the same time. No I/O; time is passed in.
 *
 * <p>By what it gives: now and then one more is tried, and kept while each adds at least half of
 * what it would add if all were served alike; then one fewer, as long as nearly as much comes. What
 * comes is measured over a second in which just so many requests were under way.
 *
 * <p>By what it says: half as many each time it is asked too much (429, 503), and one more again
 * for every so many pieces that it gives without complaint, up to as many as before.
 */
final class OriginWidth {
  /** Pieces that have to come before it is asked more after a complaint. */
  static final int PIECES_TO_WIDEN = 8;

  /** How long a number of requests has to be under way before what it brings counts. */
  static final long SETTLE_NANOS = 500_000_000L;

  static final long WINDOW_NANOS = 1_000_000_000L;

  /** Between two attempts that changed nothing; doubled each time, to the longest. */
  static final long FIRST_REST_NANOS = 8_000_000_000L;

  private static final long LONGEST_REST_NANOS = 64_000_000_000L;
  private static final long NONE = Long.MIN_VALUE;

  /** With fewer requests this part of what came before has to come. */
  private static final double NEARLY_AS_MUCH = 0.92;

  private enum Attempt {
    NOTHING,
    ONE_MORE,
    ONE_FEWER
  }

  private final int most;

  /** What is right while nobody complains. */
  private int usual;

  private int width;
  private int pieces;
  private Attempt attempt = Attempt.NOTHING;

  /** Bytes a second that came before the attempt. */
  private double before;

  private long windowFrom = NONE;
  private long windowBytes;
  private long restUntil = NONE;
  private long rest = FIRST_REST_NANOS;

  /**
   * @param first requests to begin with
   * @param most requests there may ever be
   */
  OriginWidth(int first, int most) {
    this.most = Math.max(1, most);
    this.usual = Math.min(Math.max(1, first), this.most);
    this.width = usual;
  }

  /** At least 1. */
  int now() {
    return width;
  }

  /** So many requests are under way from now on. */
  void underWay(int requests, long now) {
    if (requests != width || width != usual) {
      windowFrom = NONE;
    } else if (windowFrom == NONE) {
      begin(now + SETTLE_NANOS);
    }
  }

  /** Bytes came, over all requests. */
  void bytes(long count, long now) {
    if (windowFrom == NONE || now < windowFrom) {
      return;
    }
    windowBytes += count;
    long time = now - windowFrom;
    if (time >= WINDOW_NANOS) {
      double rate = windowBytes * 1e9 / time;
      begin(now);
      measured(rate, now);
    }
  }

  private void begin(long at) {
    windowFrom = at;
    windowBytes = 0;
  }

  private void measured(double rate, long now) {
    switch (attempt) {
      case NOTHING -> {
        if (restUntil == NONE || now >= restUntil) {
          before = rate;
          tryMore(now);
        }
      }
      case ONE_MORE -> {
        int others = usual - 1;
        if (rate >= before * (1 + 0.5 / others)) {
          rest = FIRST_REST_NANOS;
          before = rate;
          tryMore(now);
        } else {
          set(others);
          tryFewer(now);
        }
      }
      case ONE_FEWER -> {
        if (rate >= before * NEARLY_AS_MUCH) {
          tryFewer(now);
        } else {
          set(usual + 1);
          rest(now);
        }
      }
    }
  }

  private void tryMore(long now) {
    if (usual < most) {
      attempt = Attempt.ONE_MORE;
      set(usual + 1);
    } else {
      tryFewer(now);
    }
  }

  private void tryFewer(long now) {
    if (usual > 1) {
      attempt = Attempt.ONE_FEWER;
      set(usual - 1);
    } else {
      rest(now);
    }
  }

  private void set(int requests) {
    usual = requests;
    width = requests;
    windowFrom = NONE;
  }

  private void rest(long now) {
    attempt = Attempt.NOTHING;
    restUntil = now + rest;
    rest = Math.min(2 * rest, LONGEST_REST_NANOS);
  }

  /** A read broke off, perhaps with an answer. */
  void broke(OptionalInt status, long now) {
    int code = status.orElse(0);
    if (code == 429 || code == 503) {
      if (attempt == Attempt.ONE_MORE) {
        usual--;
      }
      width = Math.max(1, Math.min(width, usual + 1) / 2);
      pieces = 0;
      windowFrom = NONE;
      rest(now);
    }
  }

  void pieceDone() {
    if (width < usual && ++pieces >= PIECES_TO_WIDEN) {
      width++;
      pieces = 0;
    }
  }
}
