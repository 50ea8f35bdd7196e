package io.dragonfly.common.piece;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * What the origin said of a content.
 *
 * @param length bytes; empty while unknown (an origin that does not say)
 * @param pieceLength bytes, at least 1; 0 is allowed while the length is unknown
 * @param version names this version of the content: equal versions have equal bytes; at most
 *     {@value #MAX_VERSION_LENGTH} characters, empty when the origin gives nothing to tell versions
 *     apart
 * @param headers validators and entity headers, names in any case, at most {@value #MAX_HEADERS} of
 *     them and {@value #MAX_HEADER_CHARACTERS} characters in all; what exceeds that, and what has
 *     control characters, is dropped
 * @param guard names the place at the origin that was asked with credentials ({@link
 *     io.dragonfly.common.net.OriginScope}): who has not read it there by its own may have it only
 *     when that place accepts what it asks with; empty for what everybody may have; at most {@value
 *     #MAX_GUARD_LENGTH} characters
 */
public record ContentInfo(
    OptionalLong length,
    long pieceLength,
    String version,
    Map<String, String> headers,
    String guard) {
  public static final int MAX_HEADERS = 64;
  public static final int MAX_HEADER_CHARACTERS = 16 * 1024;
  public static final int MAX_VERSION_LENGTH = 1024;
  public static final int MAX_GUARD_LENGTH = 128;

  /**
   * Throws {@link IllegalArgumentException} when the numbers make no {@link PieceLayout} or the
   * version is too long.
   */
  public ContentInfo {
    if (length.isPresent()) {
      PieceLayout _ = new PieceLayout(length.getAsLong(), pieceLength);
    } else if (pieceLength < 0) {
      throw new IllegalArgumentException("piece length " + pieceLength + " is negative");
    }
    if (version.length() > MAX_VERSION_LENGTH) {
      throw new IllegalArgumentException(
          "version of "
              + version.length()
              + " characters is not valid: at most "
              + MAX_VERSION_LENGTH
              + " are allowed");
    }
    if (guard.length() > MAX_GUARD_LENGTH) {
      throw new IllegalArgumentException(
          "guard of " + guard.length() + " characters: at most " + MAX_GUARD_LENGTH);
    }
    headers = bounded(headers);
  }

  /** A content that the origin gives to everybody. */
  public ContentInfo(
      OptionalLong length, long pieceLength, String version, Map<String, String> headers) {
    this(length, pieceLength, version, headers, "");
  }

  /** The same with this guard, unless it has one already. */
  public ContentInfo guardedBy(String place) {
    return guard.isEmpty() && !place.isEmpty()
        ? new ContentInfo(length, pieceLength, version, headers, place)
        : this;
  }

  public boolean isGuarded() {
    return !guard.isEmpty();
  }

  /** A content of known length. */
  public static ContentInfo of(
      long length, long pieceLength, String version, Map<String, String> headers) {
    return new ContentInfo(OptionalLong.of(length), pieceLength, version, headers);
  }

  /** Throws {@link IllegalStateException} while the length is unknown. */
  public PieceLayout layout() {
    return new PieceLayout(
        length.orElseThrow(
            () -> new IllegalStateException("the length of the content is not known yet")),
        pieceLength);
  }

  /** A header's value; the name in any case. */
  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name));
  }

  private static Map<String, String> bounded(Map<String, String> headers) {
    TreeMap<String, String> kept = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    int characters = 0;
    for (Map.Entry<String, String> header : headers.entrySet()) {
      int size = header.getKey().length() + header.getValue().length();
      if (kept.size() < MAX_HEADERS
          && size <= MAX_HEADER_CHARACTERS - characters
          && isClean(header)) {
        kept.put(header.getKey(), header.getValue());
        characters += size;
      }
    }
    return Collections.unmodifiableMap(kept);
  }

  private static boolean isClean(Map.Entry<String, String> header) {
    return !header.getKey().isEmpty()
        && header.getKey().chars().allMatch(c -> c > ' ' && c < 0x7F && c != ':')
        && header.getValue().chars().noneMatch(c -> Character.isISOControl(c) && c != '\t');
  }
}
