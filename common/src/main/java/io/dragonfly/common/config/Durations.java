package io.dragonfly.common.config;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
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
  private static final long SECOND = 1_000_000_000L;
  private static final long DAY = 86_400 * SECOND;
  private static final BigDecimal MAX_NANOS =
      BigDecimal.valueOf(100 * 36525L).movePointLeft(2).multiply(BigDecimal.valueOf(DAY));
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
    BigDecimal nanos = BigDecimal.ZERO;
    while (!rest.isEmpty()) {
      int number = span(rest, 0, true);
      int unitStart = number;
      while (unitStart < rest.length() && Character.isWhitespace(rest.charAt(unitStart))) {
        unitStart++;
      }
      int unitEnd = span(rest, unitStart, false);
      if (!rest.substring(0, number).matches("[0-9]+(\\.[0-9]+)?")) {
        throw new IllegalArgumentException(ALLOWED);
      }
      BigDecimal unit = BigDecimal.valueOf(nanos(rest.substring(unitStart, unitEnd)));
      nanos = nanos.add(new BigDecimal(rest.substring(0, number)).multiply(unit));
      rest = rest.substring(unitEnd).strip();
    }
    if (nanos.compareTo(MAX_NANOS) > 0) {
      throw new IllegalArgumentException("the duration must be at most 100 years");
    }
    BigInteger whole = nanos.setScale(0, RoundingMode.DOWN).toBigIntegerExact();
    return Duration.ofNanos(whole.longValueExact());
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
