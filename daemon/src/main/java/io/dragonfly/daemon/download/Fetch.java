package io.dragonfly.daemon.download;

/** One piece on its way from one parent. */
final class Fetch {
  final long id;
  final Parent parent;
  final int piece;
  final long length;

  /** Whether the parent still gets the piece itself: then its source sets the pace. */
  final boolean relayed;

  long bytes;
  long startedAt = Long.MAX_VALUE;
  long deadline = Long.MAX_VALUE;

  /** So often it was found to take longer than it should, and was left to go on. */
  int overdue;

  boolean aborted;

  Fetch(long id, Parent parent, int piece, long length) {
    this.id = id;
    this.parent = parent;
    this.piece = piece;
    this.length = length;
    this.relayed = !parent.announced.get(piece);
  }

  boolean isUnderWay() {
    return !aborted && startedAt != Long.MAX_VALUE;
  }

  /** Time that the rest takes at the speed so far. */
  double rest(long now) {
    double speed = bytes / (double) Math.max(1, now - startedAt);
    return speed <= 0 ? Double.MAX_VALUE : (length - bytes) / speed;
  }
}
