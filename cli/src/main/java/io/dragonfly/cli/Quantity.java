package io.dragonfly.cli;

import java.time.Duration;

/**
 * Sizes and times on the command line. Spelled like those in the configuration files, and read
 * without what reads those: that would be most of the start.
 *
 * <pre>
 * size = number [ " " ] [ unit ]                    ; 4194304, 4MiB, 4.5 GB
 * unit = "B" / "K" / "KB" / "KiB" / ... / "TiB"     ; any case; KB is 1000, KiB is 1024
 * time = 1*( digits [ " " ] unit [ " " ] )          ; 90s, 1h30m, 500ms
 * </pre>
 */
public final class Quantity {
  private static final String PREFIXES = "KMGTP";
  private static final double MOST_BYTES = 1L << 60;

  private Quantity() {}

  /** A size in bytes. */
  public static long bytes(String text) {
    int end = 0;
    while (end < text.length() && (isDigit(text.charAt(end)) || text.charAt(end) == '.')) {
      end++;
    }
    double factor = factor(text.substring(end).strip());
    if (end == 0 || factor == 0) {
      throw new IllegalArgumentException("expected a size such as 4MiB or 4194304");
    }
    try {
      double bytes = Double.parseDouble(text.substring(0, end)) * factor;
      if (bytes <= MOST_BYTES) {
        return (long) bytes;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalArgumentException("expected a size such as 4MiB, at most 1024PiB");
  }

  /** Zero for what is no unit. */
  private static double factor(String unit) {
    if (unit.isEmpty() || unit.equalsIgnoreCase("b")) {
      return 1;
    }
    int power = PREFIXES.indexOf(Character.toUpperCase(unit.charAt(0))) + 1;
    String rest = unit.substring(1);
    if (power == 0) {
      return 0;
    }
    if (rest.equalsIgnoreCase("i") || rest.equalsIgnoreCase("ib")) {
      return Math.pow(1024, power);
    }
    return rest.isEmpty() || rest.equalsIgnoreCase("b") ? Math.pow(1000, power) : 0;
  }

  /** A length of time. */
  public static Duration time(String text) {
    long millis = 0;
    int at = 0;
    do {
      at = skipSpaces(text, at);
      int digits = at;
      while (at < text.length() && isDigit(text.charAt(at))) {
        at++;
      }
      int unit = skipSpaces(text, at);
      int end = unit;
      while (end < text.length() && Character.isLetter(text.charAt(end))) {
        end++;
      }
      // Nine digits and a week's milliseconds stay within a long.
      long factor = millisOf(text.substring(unit, end));
      if (at == digits || at - digits > 9 || factor == 0 || millis > Long.MAX_VALUE / 2) {
        throw new IllegalArgumentException("expected a time such as 30s, 10m or 1h30m");
      }
      millis += Long.parseLong(text.substring(digits, at)) * factor;
      at = skipSpaces(text, end);
    } while (at < text.length());
    return Duration.ofMillis(millis);
  }

  private static long millisOf(String unit) {
    return switch (unit) {
      case "ms", "msec", "millis" -> 1;
      case "s", "sec", "secs", "second", "seconds" -> 1000;
      case "m", "min", "mins", "minute", "minutes" -> 60_000;
      case "h", "hr", "hrs", "hour", "hours" -> 3_600_000;
      case "d", "day", "days" -> 86_400_000;
      case "w", "week", "weeks" -> 7 * 86_400_000L;
      default -> 0;
    };
  }

  private static int skipSpaces(String text, int at) {
    int next = at;
    while (next < text.length() && text.charAt(next) == ' ') {
      next++;
    }
    return next;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
