package io.dragonfly.daemon.source;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * The {@code Content-Range} header of an answer (RFC 9110, 14.4):
 *
 * <pre>
 *   Content-Range = "bytes" SP ( first "-" last "/" ( total | "*" ) | "*" "/" total )
 * </pre>
 *
 * @param part the bytes of the body; empty in the {@code *}{@code /total} of a 416
 * @param total the length of the whole content, if the origin tells it
 */
record ContentRange(Optional<Part> part, OptionalLong total) {
  /** Bytes from {@code first} to {@code last}, both included. */
  record Part(long first, long last) {
    long length() {
      return last - first + 1;
    }
  }

  private static final String UNIT = "bytes";

  /** Empty if the header is malformed or contradicts itself. */
  static Optional<ContentRange> parse(String header) {
    String text = header.strip();
    if (text.length() <= UNIT.length() || !text.regionMatches(true, 0, UNIT, 0, UNIT.length())) {
      return Optional.empty();
    }
    char separator = text.charAt(UNIT.length());
    int slash = text.indexOf('/');
    // Some servers write "bytes=" here.
    if (slash < 0 || (separator != ' ' && separator != '=')) {
      return Optional.empty();
    }
    String range = text.substring(UNIT.length() + 1, slash).strip();
    String length = text.substring(slash + 1).strip();
    OptionalLong total = number(length);
    if (total.isEmpty() && !length.equals("*")) {
      return Optional.empty();
    }
    if (range.equals("*")) {
      return total.isEmpty()
          ? Optional.empty()
          : Optional.of(new ContentRange(Optional.empty(), total));
    }
    int dash = range.indexOf('-');
    if (dash < 0) {
      return Optional.empty();
    }
    OptionalLong first = number(range.substring(0, dash));
    OptionalLong last = number(range.substring(dash + 1));
    if (first.isEmpty() || last.isEmpty() || last.getAsLong() < first.getAsLong()) {
      return Optional.empty();
    }
    if (total.isPresent() && last.getAsLong() >= total.getAsLong()) {
      return Optional.empty();
    }
    Part part = new Part(first.getAsLong(), last.getAsLong());
    return Optional.of(new ContentRange(Optional.of(part), total));
  }

  /** Decimal digits below 10^18; empty for anything else. */
  static OptionalLong number(String digits) {
    if (digits.isEmpty() || digits.length() > 18) {
      return OptionalLong.empty();
    }
    long value = 0;
    for (int i = 0; i < digits.length(); i++) {
      char c = digits.charAt(i);
      if (c < '0' || c > '9') {
        return OptionalLong.empty();
      }
      value = value * 10 + (c - '0');
    }
    return OptionalLong.of(value);
  }
}
