package io.dragonfly.daemon.download;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The end of a download: nothing can be begun, and an idle parent takes a piece over from one that
 * sends it much more slowly. The blocks that came stay, so that little is sent twice.
 *
 * <p>A piece may change hands again, for it can come to another slow parent; each change makes the
 * next one wait twice as long, so that what a change costs stays a small part of what is gained.
 */
final class HandOver {
  private static final long SECOND = 1_000_000_000L;

  /** A change has to save so much time, and none happens so soon after another beginning. */
  static final long COST_OF_A_CHANGE = SECOND / 2;

  private static final double WORTH_A_CHANGE = 2;
  private static final int MOST_DOUBLINGS = 8;

  private final ParentBook book;
  private final Speeds speeds;
  private final Map<Integer, Integer> changes = new HashMap<>();

  /** When a piece was begun last. */
  private long begunAt;

  HandOver(ParentBook book, Speeds speeds) {
    this.book = book;
    this.speeds = speeds;
  }

  void begun(long now) {
    begunAt = now;
  }

  /**
   * Whether the end has come.
   *
   * @param left missing pieces that could not be begun. Where parents have them and nothing was
   *     begun for a while, it is slow transfers that stand in their way.
   */
  boolean isDue(BitSet left, long now) {
    return left.isEmpty() || (now - begunAt >= COST_OF_A_CHANGE && areAnnounced(left));
  }

  private boolean areAnnounced(BitSet pieces) {
    BitSet unheard = (BitSet) pieces.clone();
    unheard.andNot(book.announced());
    return unheard.isEmpty();
  }

  /** One of the transfers that an idle parent should take over; the caller gives it up. */
  Optional<Fetch> next(Iterable<Fetch> running, TaskContent content, long now) {
    for (Fetch fetch : running) {
      if (fetch.isUnderWay() && mayChange(fetch, now) && isFasterAtAnIdleOne(fetch, content, now)) {
        changes.merge(fetch.piece, 1, Integer::sum);
        return Optional.of(fetch);
      }
    }
    return Optional.empty();
  }

  private boolean mayChange(Fetch fetch, long now) {
    int doublings = Math.min(MOST_DOUBLINGS, changes.getOrDefault(fetch.piece, 0));
    return now - fetch.startedAt > COST_OF_A_CHANGE << doublings;
  }

  private boolean isFasterAtAnIdleOne(Fetch fetch, TaskContent content, long now) {
    double rest = fetch.rest(now);
    for (Parent idle : book.all()) {
      if (idle != fetch.parent && idle.isFree(now) && idle.announced.get(fetch.piece)) {
        double promised = speeds.promised(toCome(fetch, idle, content), idle);
        if (rest > COST_OF_A_CHANGE + WORTH_A_CHANGE * promised) {
          return true;
        }
      }
    }
    return false;
  }

  /** Bytes that the other parent would send: blocks are kept where both ends tell them apart. */
  private static long toCome(Fetch fetch, Parent other, TaskContent content) {
    boolean kept = fetch.parent.extension && other.extension && content.isRooted(fetch.piece);
    return kept ? fetch.length - fetch.bytes : fetch.length;
  }

  void startOver() {
    changes.clear();
  }

  /** When to look at a transfer again that is under way; Long.MAX_VALUE: not for this reason. */
  static long wakeAt(Fetch fetch, long now) {
    return now - fetch.startedAt > COST_OF_A_CHANGE ? now + COST_OF_A_CHANGE : Long.MAX_VALUE;
  }
}
