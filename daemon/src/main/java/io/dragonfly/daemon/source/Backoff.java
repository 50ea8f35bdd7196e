package io.dragonfly.daemon.source;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;

/**
 * How long to wait before asking again: the first pause doubled with each attempt, of which a
 * random half is left out so that many hosts do not return at the same moment. An origin's {@code
 * Retry-After} counts where it asks for more; neither exceeds the longest pause.
 */
final class Backoff {
  private final Duration first;
  private final Duration longest;
  private final RandomGenerator random;

  Backoff(Duration first, Duration longest, RandomGenerator random) {
    this.first = first;
    this.longest = longest;
    this.random = random;
  }

  /**
   * @param attempt 0 for the pause after the first attempt
   */
  Duration pause(int attempt, Optional<Duration> retryAfter) {
    long longestNanos = longest.toNanos();
    long nanos = Math.min(first.toNanos(), longestNanos);
    for (int i = 0; i < attempt && nanos < longestNanos; i++) {
      nanos = Math.min(nanos * 2, longestNanos);
    }
    nanos -= (long) (nanos / 2.0 * random.nextDouble());
    long asked = Math.min(retryAfter.orElse(Duration.ZERO).toNanos(), longestNanos);
    return Duration.ofNanos(Math.max(nanos, asked));
  }

  /** {@code Retry-After} in seconds or as a date (RFC 9110, 10.2.3); empty if malformed or past. */
  static Optional<Duration> retryAfter(String header, Instant now) {
    String text = header.strip();
    OptionalLong seconds = ContentRange.number(text);
    if (seconds.isPresent()) {
      return Optional.of(Duration.ofSeconds(Math.min(seconds.getAsLong(), 86_400)));
    }
    try {
      Instant then = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      Duration wait = Duration.between(now, then);
      if (wait.isNegative()) {
        return Optional.empty();
      }
      return Optional.of(wait.compareTo(Duration.ofDays(1)) > 0 ? Duration.ofDays(1) : wait);
    } catch (DateTimeException _) {
      return Optional.empty();
    }
  }
}
