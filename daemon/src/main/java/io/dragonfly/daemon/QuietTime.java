package io.dragonfly.daemon;

import java.time.Duration;

/**
 * Tells when it has been quiet long enough, once after each time of work; the start counts as work.
 * Times are nanoseconds of one clock.
 */
final class QuietTime {
  private final long enough;
  private boolean waiting;
  private boolean seen;
  private long workDone;
  private long since;

  QuietTime(Duration enough) {
    this.enough = enough.toNanos();
  }

  /**
   * Takes a look at the work.
   *
   * @param busy whether some is under way
   * @param work a count of what was done so far; never less than before
   * @return true when nothing has happened for long enough, for the first time since the last work
   */
  boolean isReached(boolean busy, long work, long now) {
    if (busy || !seen || work != workDone) {
      seen = true;
      workDone = work;
      since = now;
      waiting = true;
      return false;
    }
    if (!waiting || now - since < enough) {
      return false;
    }
    waiting = false;
    return true;
  }
}
