package io.dragonfly.common.config;

import java.time.Duration;

/**
 * Durations as people write them; the syntaxes of upstream's client (humantime) and scheduler (Go)
 * together:
 *
 * <pre>
 * duration  { number [ space ] unit [ space ] } | "0"        10m30s, 1h 30min, 1h0m0.5s, 30d
 * number    digits [ "." digits ]
 * unit      ns nsec | us usec µs | ms msec | s sec secs second seconds | m min mins minute minutes
 *           | h hr hrs hour hours | d day days | w wk wks week weeks | M month months (30.44 d)
 *           | y yr yrs year years (365.25 d)
 * </pre>
 */
public final class Durations {
  private static final String ALLOWED = "write a duration like 500ms, 30s, 10m30s or 1h";
  private static final String TOO_LONG = "the duration must be at most 100 years";
  private static final long SECOND = 1_000_000_000L;
  private static final long DAY = 86_400 * SECOND;
  private static final long MAX_NANOS = 36_525 * DAY;
  private static final int MAX_TEXT = 100;

  private Durations() {}

  /** From 0 to 100 years. Throws {@link IllegalArgumentException} that says what is allowed. */
  public static Duration parse(String text) {
    String rest = text.strip();
    if (rest.equals("0")) {
      return Duration.ZERO;
    }
    if (rest.isEmpty() || rest.length() > MAX_TEXT) {
      throw new IllegalArgumentException(ALLOWED);
    }
    long nanos = 0;
    while (!rest.isEmpty()) {
      int number = span(rest, 0, true);
      int unitStart = number;
      while (unitStart < rest.length() && Character.isWhitespace(rest.charAt(unitStart))) {
        unitStart++;
      }
      int unitEnd = span(rest, unitStart, false);
      nanos += nanos(rest.substring(0, number), nanos(rest.substring(unitStart, unitEnd)));
      if (nanos > MAX_NANOS) {
        throw new IllegalArgumentException(TOO_LONG);
      }
      rest = rest.substring(unitEnd).strip();
    }
    return Duration.ofNanos(nanos);
  }

  /** At most {@link #MAX_NANOS}, so that two of them can be added. */
  private static long nanos(String number, long unit) {
    long nanos;
    try {
      nanos = Amount.of(number, unit);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(TOO_LONG, e);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(ALLOWED, e);
    }
    if (nanos > MAX_NANOS) {
      throw new IllegalArgumentException(TOO_LONG);
    }
    return nanos;
  }

  private static int span(String text, int from, boolean number) {
    int end = from;
    while (end < text.length() && isPart(text.charAt(end), number)) {
      end++;
    }
    return end;
  }

  private static boolean isPart(char c, boolean number) {
    return number ? (c >= '0' && c <= '9') || c == '.' : Character.isLetter(c);
  }

  private static long nanos(String unit) {
    return switch (unit) {
      case "ns", "nsec" -> 1;
      // The micro sign and the Greek letter.
      case "us", "usec", "\u00b5s", "\u03bcs" -> 1_000;
      case "ms", "msec" -> 1_000_000;
      case "s", "sec", "secs", "second", "seconds" -> SECOND;
      case "m", "min", "mins", "minute", "minutes" -> 60 * SECOND;
      case "h", "hr", "hrs", "hour", "hours" -> 3_600 * SECOND;
      case "d", "day", "days" -> DAY;
      case "w", "wk", "wks", "week", "weeks" -> 7 * DAY;
      case "M", "month", "months" -> 2_630_016 * SECOND;
      case "y", "yr", "yrs", "year", "years" -> 31_557_600 * SECOND;
      case "" -> throw new IllegalArgumentException("the unit is missing: " + ALLOWED);
      default -> throw new IllegalArgumentException(ALLOWED);
    };
  }
}
