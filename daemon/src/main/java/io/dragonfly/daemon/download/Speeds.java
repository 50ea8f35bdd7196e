package io.dragonfly.daemon.download;

/** What may be expected of parents, by what was measured of them: bytes for each nanosecond. */
final class Speeds {
  private static final long SECOND = 1_000_000_000L;

  static final long SHORTEST_DEADLINE = 2 * SECOND;

  /** Deadline of a transfer where no speed was measured yet. */
  private static final long UNMEASURED = 8 * SECOND;

  private static final int DEADLINE_FACTOR = 4;

  private final ParentBook book;

  Speeds(ParentBook book) {
    this.book = book;
  }

  /** The fastest parent's; 1 while none was measured. */
  double typical() {
    double fastest = 0;
    for (Parent parent : book.all()) {
      fastest = Math.max(fastest, parent.bytesPerNano());
    }
    return fastest == 0 ? 1 : fastest;
  }

  /** When a transfer that begins now is overdue, in nanoseconds from now. */
  long patience(long bytes, Parent parent) {
    double speed = likely(parent);
    if (speed == 0) {
      return UNMEASURED;
    }
    return Math.max(SHORTEST_DEADLINE, (long) (DEADLINE_FACTOR * bytes / speed));
  }

  /** Its own speed, else that of the others; 0 while none was measured. */
  private double likely(Parent parent) {
    return parent.bytesPerNano() == 0 ? average() : parent.bytesPerNano();
  }

  private double average() {
    double sum = 0;
    int measured = 0;
    for (Parent parent : book.all()) {
      if (parent.bytesPerNano() > 0) {
        sum += parent.bytesPerNano();
        measured++;
      }
    }
    return measured == 0 ? 0 : sum / measured;
  }

  /** Time that the parent should take, though it passed on pieces only and was never measured. */
  double promised(long bytes, Parent parent) {
    double speed = likely(parent);
    return speed == 0 ? SHORTEST_DEADLINE : bytes / speed;
  }
}
