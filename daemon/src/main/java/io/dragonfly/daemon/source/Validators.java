package io.dragonfly.daemon.source;

import io.dragonfly.common.digest.Sha256;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What an origin says to tell one version of its content from another, strongest first: a strong
 * {@code ETag}, a weak one, {@code Last-Modified}, the length.
 *
 * <p>{@link #version()} is made of the strongest validator there is and of the length:
 *
 * <pre>
 *   version   = validator ";length=" ( digits | "*" )
 *   validator = "etag:" entity-tag             ; as the origin wrote it, W/ included
 *             | "modified:" Last-Modified      ; as the origin wrote it
 *             | "none"
 * </pre>
 *
 * A validator that is longer than 200 characters or holds anything but printable ASCII stands there
 * as {@code sha256:} and its hash. Two hosts that read the same content of the same origin get the
 * same text.
 *
 * @param length of the whole content in bytes
 */
public record Validators(
    Optional<String> etag, Optional<String> lastModified, OptionalLong length) {
  private static final int MAX_VALIDATOR_IN_VERSION = 200;
  private static final Validators NONE =
      new Validators(Optional.empty(), Optional.empty(), OptionalLong.empty());

  public Validators {
    etag = etag.map(String::strip).filter(text -> !text.isEmpty());
    lastModified = lastModified.map(String::strip).filter(text -> !text.isEmpty());
    if (length.isPresent() && length.getAsLong() < 0) {
      throw new IllegalArgumentException(
          "content length " + length.getAsLong() + " must not be negative");
    }
  }

  /** Nothing is known: every answer fits. */
  public static Validators none() {
    return NONE;
  }

  /** From an origin's headers (names in any case) and the length of the whole content. */
  public static Validators of(Map<String, String> headers, OptionalLong length) {
    Optional<String> etag = Optional.empty();
    Optional<String> lastModified = Optional.empty();
    for (Map.Entry<String, String> header : headers.entrySet()) {
      switch (header.getKey().toLowerCase(Locale.ROOT)) {
        case "etag" -> etag = Optional.of(header.getValue());
        case "last-modified" -> lastModified = Optional.of(header.getValue());
        default -> {
          // not a validator
        }
      }
    }
    return new Validators(etag, lastModified, length);
  }

  /** The ETag if it is one that promises equal bytes, so that it may stand in {@code If-Range}. */
  public Optional<String> strongEtag() {
    return etag.filter(
        tag -> tag.length() >= 2 && tag.charAt(0) == '"' && tag.charAt(tag.length() - 1) == '"');
  }

  /** See the class comment. */
  public String version() {
    String validator;
    if (etag.isPresent()) {
      validator = "etag:" + shortened(etag.get());
    } else if (lastModified.isPresent()) {
      validator = "modified:" + shortened(lastModified.get());
    } else {
      validator = "none";
    }
    return validator + ";length=" + (length.isPresent() ? length.getAsLong() : "*");
  }

  /**
   * What shows that {@code answer} belongs to another version than this one, in words; empty if
   * nothing does. A validator that one of the two lacks shows nothing, and Last-Modified counts
   * only where the ETags do not decide.
   */
  public Optional<String> difference(Validators answer) {
    if (length.isPresent()
        && answer.length.isPresent()
        && length.getAsLong() != answer.length.getAsLong()) {
      return Optional.of(
          "its length was " + length.getAsLong() + " and is " + answer.length.getAsLong());
    }
    if (etag.isPresent() && answer.etag.isPresent()) {
      return etag.equals(answer.etag)
          ? Optional.empty()
          : Optional.of("its ETag was " + etag.get() + " and is " + answer.etag.get());
    }
    if (lastModified.isPresent()
        && answer.lastModified.isPresent()
        && !lastModified.equals(answer.lastModified)) {
      return Optional.of(
          "its Last-Modified was " + lastModified.get() + " and is " + answer.lastModified.get());
    }
    return Optional.empty();
  }

  /**
   * As text to keep beside a partial file: up to three lines {@code etag: }, {@code last-modified:
   * }, {@code length: }.
   */
  public String toText() {
    StringBuilder text = new StringBuilder();
    etag.ifPresent(value -> text.append("etag: ").append(value).append('\n'));
    lastModified.ifPresent(value -> text.append("last-modified: ").append(value).append('\n'));
    length.ifPresent(value -> text.append("length: ").append(value).append('\n'));
    return text.toString();
  }

  /** Reads {@link #toText()}; lines that it does not know are passed over. */
  public static Validators parse(String text) {
    Optional<String> etag = Optional.empty();
    Optional<String> lastModified = Optional.empty();
    OptionalLong length = OptionalLong.empty();
    for (String line : text.lines().toList()) {
      int colon = line.indexOf(": ");
      if (colon < 0) {
        continue;
      }
      String value = line.substring(colon + 2);
      switch (line.substring(0, colon)) {
        case "etag" -> etag = Optional.of(value);
        case "last-modified" -> lastModified = Optional.of(value);
        case "length" -> length = ContentRange.number(value);
        default -> {
          // written by a later version
        }
      }
    }
    return new Validators(etag, lastModified, length);
  }

  private static String shortened(String validator) {
    boolean plain =
        validator.length() <= MAX_VALIDATOR_IN_VERSION
            && validator.chars().allMatch(c -> c >= 0x20 && c < 0x7f);
    return plain ? validator : "sha256:" + Sha256.hex(validator);
  }
}
