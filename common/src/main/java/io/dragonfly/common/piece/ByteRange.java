package io.dragonfly.common.piece;

import java.util.Locale;

/** Consecutive bytes: from {@code start} (at least 0), {@code length} of them (at least 1). */
public record ByteRange(long start, long length) {

  /**
   * Throws {@link IllegalArgumentException} when out of bounds, the end beyond {@link
   * Long#MAX_VALUE} included.
   */
  public ByteRange {
    if (start < 0 || length < 1 || length > Long.MAX_VALUE - start) {
      throw new IllegalArgumentException(
          "range start "
              + start
              + " length "
              + length
              + " is not valid: start must be at least 0, length at least 1");
    }
  }

  /** The whole of a content, which must not be empty. */
  public static ByteRange whole(long contentLength) {
    return new ByteRange(0, contentLength);
  }

  public long endExclusive() {
    return start + length;
  }

  public boolean contains(long position) {
    return position >= start && position < endExclusive();
  }

  /** The value of an HTTP {@code Range} header. */
  public String toHttp() {
    return "bytes=" + start + "-" + (endExclusive() - 1);
  }

  /**
   * Reads the value of an HTTP {@code Range} header (RFC 9110, 14.1.2): {@code bytes=} and,
   * separated by commas, {@code a-b}, {@code a-} or {@code -n}. An end beyond the content is cut.
   * Of several ranges the first that the content has counts.
   *
   * @throws InvalidRangeException when the text is malformed, or the content has none of the ranges
   */
  public static ByteRange parse(String httpRangeHeader, long contentLength) {
    String text = httpRangeHeader.strip();
    if (!text.toLowerCase(Locale.ROOT).startsWith("bytes=")) {
      throw malformed(httpRangeHeader);
    }
    ByteRange first = null;
    int from = "bytes=".length();
    while (from <= text.length()) {
      int comma = text.indexOf(',', from);
      int to = comma < 0 ? text.length() : comma;
      String one = text.substring(from, to).strip();
      long[] bounds = bounds(one, contentLength, httpRangeHeader);
      if (first == null && bounds[0] < bounds[1]) {
        first = new ByteRange(bounds[0], bounds[1] - bounds[0]);
      }
      from = to + 1;
    }
    if (first == null) {
      throw new InvalidRangeException(
          "range '"
              + shortened(httpRangeHeader)
              + "' is outside the content, which has "
              + contentLength
              + " bytes",
          true);
    }
    return first;
  }

  /**
   * Start and end (exclusive); an empty or negative stretch is one that the content does not have.
   */
  private static long[] bounds(String one, long contentLength, String header) {
    int dash = one.indexOf('-');
    if (dash < 0 || one.length() == 1) {
      throw malformed(header);
    }
    if (dash == 0) {
      long suffix = Math.min(number(one, 1, one.length(), header), contentLength);
      return new long[] {contentLength - suffix, contentLength};
    }
    long start = number(one, 0, dash, header);
    if (dash == one.length() - 1) {
      return new long[] {start, contentLength};
    }
    long last = number(one, dash + 1, one.length(), header);
    if (last < start) {
      throw malformed(header);
    }
    return new long[] {start, last >= contentLength ? contentLength : last + 1};
  }

  private static long number(String text, int from, int to, String header) {
    long value = 0;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        throw malformed(header);
      }
      // More digits than a long holds mean "beyond any content".
      value = value > (Long.MAX_VALUE - 9) / 10 ? Long.MAX_VALUE : value * 10 + (c - '0');
    }
    return value;
  }

  private static InvalidRangeException malformed(String header) {
    return new InvalidRangeException(
        "range '"
            + shortened(header)
            + "' is not valid: write bytes=first-last, bytes=first- or bytes=-count",
        false);
  }

  private static String shortened(String text) {
    String shown = text.length() > 64 ? text.substring(0, 64) + "..." : text;
    return shown.replaceAll("\\p{Cntrl}", "?");
  }
}
