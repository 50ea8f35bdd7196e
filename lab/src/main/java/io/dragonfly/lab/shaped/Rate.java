package io.dragonfly.lab.shaped;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The nominal rate of a link, in the units of {@code tc}: {@code 100mbit}, {@code 2gbit}, {@code
 * 12500kbit}.
 *
 * @param bitsPerSecond from 1 Mbit/s to 40 Gbit/s
 */
public record Rate(long bitsPerSecond) {
  private static final Pattern FORM = Pattern.compile("(\\d{1,12})(k|m|g)?bit");
  private static final long LEAST = 1_000_000;
  private static final long MOST = 40_000_000_000L;

  public Rate {
    if (bitsPerSecond < LEAST || bitsPerSecond > MOST) {
      throw new IllegalArgumentException("expected a rate from 1mbit to 40gbit");
    }
  }

  /** Reads a rate such as {@code 100mbit}. */
  public static Rate parse(String text) {
    Matcher matcher = FORM.matcher(text.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException("expected a rate such as 100mbit");
    }
    long factor =
        switch (String.valueOf(matcher.group(2))) {
          case "k" -> 1_000L;
          case "m" -> 1_000_000L;
          case "g" -> 1_000_000_000L;
          default -> 1L;
        };
    return new Rate(Math.multiplyExact(Long.parseLong(matcher.group(1)), factor));
  }

  public double bytesPerSecond() {
    return bitsPerSecond / 8.0;
  }

  @Override
  public String toString() {
    return bitsPerSecond % 1_000_000 == 0
        ? bitsPerSecond / 1_000_000 + "mbit"
        : bitsPerSecond + "bit";
  }
}
