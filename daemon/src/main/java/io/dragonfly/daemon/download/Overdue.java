package io.dragonfly.daemon.download;

import java.util.random.RandomGenerator;

/**
 * Transfers that take several times as long as measured speeds promise: whether another parent
 * should have the piece.
 */
final class Overdue {
  private static final long SHORTEST_DEADLINE = Speeds.SHORTEST_DEADLINE;

  /** For each that gives up a relay which takes too long, so many stay with theirs for now. */
  private static final int RELAYS_THAT_WAIT = 8;

  private final ParentBook book;
  private final Speeds speeds;
  private final RandomGenerator random;

  Overdue(ParentBook book, Speeds speeds, RandomGenerator random) {
    this.book = book;
    this.speeds = speeds;
    this.random = random;
  }

  /** Whether an overdue transfer is to be given up; one that goes on gets another deadline. */
  boolean isHopeless(Fetch fetch, TaskContent content, long now) {
    if (!fetch.isUnderWay() || now < fetch.deadline) {
      return false;
    }
    if (isTurn(fetch) && isBetterElsewhere(fetch, content, now)) {
      return true;
    }
    fetch.overdue++;
    fetch.deadline = now + Math.max(SHORTEST_DEADLINE, now - fetch.startedAt);
    return false;
  }

  /**
   * Of many that wait for one slow host, few should go to where the piece comes from, and the
   * others take it from these. Who still waits goes there, too, the sooner the longer it has
   * waited.
   */
  private boolean isTurn(Fetch fetch) {
    int waiting = RELAYS_THAT_WAIT >> Math.min(fetch.overdue, 8);
    return !fetch.relayed || waiting < 2 || random.nextInt(waiting) == 0;
  }

  private boolean isBetterElsewhere(Fetch fetch, TaskContent content, long now) {
    double rest = fetch.rest(now);
    for (Parent other : book.all()) {
      if (other != fetch.parent && other.isFree(now) && other.announced.get(fetch.piece)) {
        double speed = other.bytesPerNano() == 0 ? speeds.typical() : other.bytesPerNano();
        if (content.length() > 0 && fetch.length / speed < rest) {
          return true;
        }
      }
    }
    return false;
  }
}
