package io.dragonfly.daemon.source;

import java.io.IOException;
import java.util.Collections;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The origin could not be read. The message is a whole sentence for the user: what was being done,
 * to which URL (without user, password and query), what the origin said, and what can be done. It
 * never holds a credential.
 */
public final class OriginException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What went wrong, as far as it decides what happens next. */
  public enum Kind {
    /** The origin answered 4xx: asking again will not help. */
    REFUSED(false),
    /**
     * No answer, a transient one (5xx, 408, 429), or no byte for too long. Attempts and pauses
     * inside {@code open} are used up already.
     */
    UNAVAILABLE(true),
    /** The content is another version than the one expected. No byte of it was read. */
    CHANGED(false),
    /** The content is the expected version, but the origin does not give parts of it. */
    NO_RANGES(false),
    /** The body ended before its announced end: go on from the last byte. */
    TRUNCATED(true),
    /** The body goes on after its announced end. */
    TOO_LONG(false),
    /** The origin's answer contradicts the request or itself. */
    BAD_ANSWER(false),
    /** The origin's certificate cannot be trusted, or TLS failed in another lasting way. */
    TLS(false),
    /** Too many redirects, a loop, or a target that must not be followed. */
    REDIRECTS(false),
    /** It is at an address that this host does not go to. */
    FORBIDDEN(false),
    /** No source reads this scheme. */
    UNSUPPORTED_SCHEME(false),
    /** The URL is malformed. */
    BAD_URL(false),
    /** A request header cannot be sent. */
    BAD_HEADER(false),
    /** The request was cancelled, or its source closed. */
    CANCELLED(false),
    /** Anything else between here and the origin. */
    IO(true);

    private final boolean retryable;

    Kind(boolean retryable) {
      this.retryable = retryable;
    }
  }

  private final Kind kind;
  private final int status;

  @SuppressWarnings("serial") // a TreeMap of strings within an unmodifiable view
  private final Map<String, String> headers;

  /** A failure without an answer of the origin. */
  public OriginException(Kind kind, String message, @Nullable Throwable cause) {
    this(kind, message, cause, OptionalInt.empty(), Map.of());
  }

  /**
   * @param status the origin's HTTP status, if it answered
   * @param headers the origin's headers without Set-Cookie
   */
  public OriginException(
      Kind kind,
      String message,
      @Nullable Throwable cause,
      OptionalInt status,
      Map<String, String> headers) {
    super(message, cause);
    this.kind = kind;
    this.status = status.orElse(-1);
    this.headers = Collections.unmodifiableMap(new TreeMap<>(headers));
  }

  public Kind kind() {
    return kind;
  }

  /** The origin's HTTP status, if it answered with one that explains the failure. */
  public OptionalInt status() {
    return status < 0 ? OptionalInt.empty() : OptionalInt.of(status);
  }

  /** The origin's headers, names in lower case, without Set-Cookie; empty without an answer. */
  public Map<String, String> headers() {
    return headers;
  }

  /** The same failure for another request that was not even sent. */
  OriginException again() {
    return new OriginException(kind, String.valueOf(getMessage()), this, status(), headers);
  }

  /** Whether the same request may succeed later. */
  public boolean retryable() {
    return kind.retryable;
  }
}
