package io.dragonfly.cli.download;

import io.dragonfly.common.url.PercentCoding;
import org.jspecify.annotations.Nullable;

/**
 * One response line: {@code name key=value key=value}. Unknown names and keys are the reader's to
 * skip.
 */
record AnswerLine(String text, String name) {
  static AnswerLine parse(String text) {
    int space = text.indexOf(' ');
    return new AnswerLine(text, space < 0 ? text : text.substring(0, space));
  }

  /** The decoded value of a key, or null when the line has none. */
  @Nullable String value(String key) {
    int at = name.length();
    while (at < text.length()) {
      int start = at + 1;
      int end = text.indexOf(' ', start);
      if (end < 0) {
        end = text.length();
      }
      if (text.startsWith(key, start)
          && start + key.length() < end
          && text.charAt(start + key.length()) == '=') {
        return PercentCoding.decode(text.substring(start + key.length() + 1, end));
      }
      at = end;
    }
    return null;
  }

  /** A number, or {@code absent} when the key is missing. */
  long number(String key, long absent) throws DownloadFailure {
    String value = value(key);
    if (value == null || value.isEmpty()) {
      return absent;
    }
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw new DownloadFailure(
          DownloadFailure.Reason.FAILED,
          "the daemon answered '" + name + "' with " + key + "=" + value + ", which is no number",
          e);
    }
  }

  Shares shares() throws DownloadFailure {
    return new Shares(count("cache"), count("peers"), count("seed"), count("origin"));
  }

  private long count(String key) throws DownloadFailure {
    return Math.max(0, number(key, 0));
  }
}
