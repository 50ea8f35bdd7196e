package io.dragonfly.daemon.proxy;

import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.InvalidRangeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a content that a request asks for (RFC 9110, 14). A header that is none, that has
 * another unit or more than {@value #MOST} parts means the whole.
 */
final class Ranges {
  private static final int MOST = 64;
  private static final String UNIT = "bytes=";

  private final List<String> parts;

  private Ranges(List<String> parts) {
    this.parts = parts;
  }

  static Ranges of(@Nullable String header) {
    String text = header == null ? "" : header.strip();
    if (!text.toLowerCase(Locale.ROOT).startsWith(UNIT)) {
      return new Ranges(List.of());
    }
    List<String> parts = new ArrayList<>();
    for (String part : text.substring(UNIT.length()).split(",", -1)) {
      String one = part.strip();
      if (one.isEmpty()) {
        continue;
      }
      if (!isValid(one) || parts.size() == MOST) {
        return new Ranges(List.of());
      }
      parts.add(one);
    }
    return new Ranges(List.copyOf(parts));
  }

  private static boolean isValid(String part) {
    try {
      // Whatever is within such a length or beyond it: only what is written wrongly is refused.
      ByteRange _ = ByteRange.parse(UNIT + part, Long.MAX_VALUE >> 1);
      return true;
    } catch (InvalidRangeException e) {
      return e.isUnsatisfiable();
    }
  }

  boolean isWhole() {
    return parts.isEmpty();
  }

  /** As a header; of several parts a download takes the first that the content has. */
  Optional<String> header() {
    return isWhole() ? Optional.empty() : Optional.of(UNIT + String.join(",", parts));
  }

  /**
   * The parts that a content has, in the order asked for; empty to send the whole: because that was
   * asked for, or because the parts together would be more than twice that.
   */
  List<ByteRange> within(long length) {
    List<ByteRange> found = new ArrayList<>();
    long sum = 0;
    for (String part : parts) {
      try {
        ByteRange range = ByteRange.parse(UNIT + part, length);
        found.add(range);
        sum += range.length();
        if (sum / 2 > length) {
          return List.of();
        }
      } catch (InvalidRangeException e) {
        // The content does not have it.
      }
    }
    return found;
  }

  /** Whether a condition If-Range holds: by a strong ETag, or by the exact date. */
  static boolean holds(String ifRange, ContentInfo content) {
    String text = ifRange.strip();
    if (text.startsWith("\"")) {
      return content.header("etag").filter(text::equals).isPresent();
    }
    Optional<Instant> asked = date(text);
    return asked.isPresent() && asked.equals(content.header("last-modified").flatMap(Ranges::date));
  }

  private static Optional<Instant> date(String text) {
    try {
      return Optional.of(Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text)));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }
}
