package io.dragonfly.cli;

import io.dragonfly.cli.download.Shares;

/** Sizes, rates and times as people read them. No {@code String.format}: it is slow to load. */
public final class Amounts {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

  private Amounts() {}

  /** Such as {@code 512 B}, {@code 1.5 MiB}. */
  public static String bytes(long bytes) {
    int unit = 0;
    double value = bytes;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    if (unit == 0) {
      return bytes + " B";
    }
    if (oneDecimal(value).equals("1024.0") && unit < UNITS.length - 1) {
      return "1.0 " + UNITS[unit + 1];
    }
    return oneDecimal(value) + " " + UNITS[unit];
  }

  /** Such as {@code 92.1 MiB/s}. */
  public static String rate(double bytesPerSecond) {
    return bytes((long) bytesPerSecond) + "/s";
  }

  /** Such as {@code 12 ms}, {@code 3.4 s}, {@code 2 min 05 s}, {@code 1 h 02 min}. */
  public static String time(long millis) {
    if (millis < 1000) {
      return millis + " ms";
    }
    if (millis < 60_000) {
      return oneDecimal(Math.min(59.9, millis / 1000.0)) + " s";
    }
    long seconds = millis / 1000;
    if (seconds < 3600) {
      return seconds / 60 + " min " + twoDigits(seconds % 60) + " s";
    }
    return seconds / 3600 + " h " + twoDigits(seconds / 60 % 60) + " min";
  }

  /**
   * Where the bytes came from, such as {@code 75% from peers, 25% from the seed}; empty if unknown.
   */
  public static String shares(Shares shares) {
    long total = shares.total();
    if (total == 0) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    long before = share(text, 0, shares.cache(), total, "from this host's cache");
    before = share(text, before, shares.peers(), total, "from peers");
    before = share(text, before, shares.seed(), total, "from the seed");
    before = share(text, before, shares.origin(), total, "from the origin");
    share(text, before, shares.earlier(), total, "from an earlier try");
    return text.toString();
  }

  /** Rounded so that the shares have a sum of 100; returns the bytes up to the end of this one. */
  private static long share(StringBuilder text, long before, long bytes, long total, String what) {
    if (bytes == 0) {
      return before;
    }
    if (!text.isEmpty()) {
      text.append(", ");
    }
    long end = before + bytes;
    if (bytes == total) {
      text.append("all ");
    } else {
      long percent = Math.round(100.0 * end / total) - Math.round(100.0 * before / total);
      text.append(percent == 0 ? "<1" : Long.toString(Math.min(99, percent))).append("% ");
    }
    text.append(what);
    return end;
  }

  private static String oneDecimal(double value) {
    long tenths = Math.round(value * 10);
    return tenths / 10 + "." + tenths % 10;
  }

  private static String twoDigits(long value) {
    return value < 10 ? "0" + value : Long.toString(value);
  }
}
