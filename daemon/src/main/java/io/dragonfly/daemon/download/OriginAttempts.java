package io.dragonfly.daemon.download;

import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * How the reads of a task's origin went: whether another may begin now, and when so many failed
 * that the origin counts as failed.
 *
 * <p>A read that breaks is followed by a pause that doubles; some failures in a row without
 * progress, or one that will not change, end the reading with a {@link #failure}. No I/O; times in
 * nanoseconds are passed in.
 */
final class OriginAttempts {
  private static final long FIRST_PAUSE = 500_000_000L;
  private static final long LONGEST_PAUSE = 10_000_000_000L;

  /** Bytes that make a read worth its while, though it breaks. */
  private static final long WORTHWHILE = 64 * 1024;

  /** An origin that is silent for so long counts as failed, however few the attempts were. */
  private static final long LONGEST_SILENCE = 30_000_000_000L;

  private final DownloadOptions options;
  private final RandomGenerator random;
  private int attempts;
  private int answered;

  /** How much of a whole answer had come when it ended early; 0: none has. */
  private long endedEarlyAt;

  private long failingSince;
  private long pauseUntil;
  private long bytesSinceFailure;
  private Optional<OriginProblem> failure = Optional.empty();

  OriginAttempts(DownloadOptions options, RandomGenerator random) {
    this.options = options;
    this.random = random;
  }

  /** The failure that ended the reading, until it is allowed anew. */
  Optional<OriginProblem> failure() {
    return failure;
  }

  /** Whether another read may begin now. */
  boolean mayBegin(long now) {
    return failure.isEmpty() && now >= pauseUntil;
  }

  /** Reading was allowed anew; a pause that runs goes on. */
  void allowed() {
    failure = Optional.empty();
    forget();
  }

  /** Another request may fare better. */
  void forgetFailure() {
    allowed();
    pauseUntil = 0;
  }

  /** The content is another, or what was learned of the origin is void for another reason. */
  void startOver() {
    endedEarlyAt = 0;
  }

  /** Bytes came that are of use. */
  void came(long bytes) {
    bytesSinceFailure += bytes;
    if (bytesSinceFailure >= WORTHWHILE) {
      forget();
    }
  }

  void pieceDone() {
    forget();
  }

  private void forget() {
    attempts = 0;
    answered = 0;
  }

  /** No other attempt would change it. */
  void giveUp(OriginProblem problem) {
    failure = Optional.of(problem);
  }

  /**
   * A whole answer ended early. Two that end at the same byte were not cut off by chance: the
   * origin has no more than that, whatever it says. It is not made to send it again.
   *
   * @param received bytes of it
   * @return whether one before ended there
   */
  boolean endedThereBefore(long received) {
    boolean before = received > 0 && received == endedEarlyAt;
    endedEarlyAt = received > 0 ? received : endedEarlyAt;
    return before;
  }

  /**
   * A read broke, and is repeated after a pause unless it was one too many.
   *
   * @return whether it counts: one that broke with another that did does not
   */
  boolean broke(OriginProblem problem, long now) {
    bytesSinceFailure = 0;
    if (now < pauseUntil) {
      return false;
    }
    if (attempts == 0) {
      failingSince = now;
    }
    attempts++;
    answered += problem.status().isPresent() ? 1 : 0;
    if (attempts >= options.originAttempts()
        || answered >= options.originAnswers()
        || (attempts > 1 && now - failingSince >= LONGEST_SILENCE)) {
      failure = Optional.of(problem);
    }
    long pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE << Math.min(attempts - 1, 10));
    long asked = Math.min(LONGEST_PAUSE, problem.retryAfterNanos());
    pauseUntil = now + Math.max(asked, pause / 2 + random.nextLong(pause / 2 + 1));
    return true;
  }

  long wakeAt(long now) {
    return pauseUntil > now ? pauseUntil : Long.MAX_VALUE;
  }
}
