package io.dragonfly.daemon.download;

import io.dragonfly.daemon.source.OriginException;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Why a read of the origin ended early.
 *
 * @param retryable the same request may succeed later
 */
public record OriginProblem(
    OriginException.Kind kind,
    OptionalInt status,
    Map<String, String> headers,
    String message,
    boolean retryable) {
  private static final long SECOND = 1_000_000_000L;

  /**
   * How long the origin asks to be left alone ({@code Retry-After} in seconds); 0 if it does not.
   */
  long retryAfterNanos() {
    String text = headers.getOrDefault("retry-after", "");
    return text.matches("\\d{1,5}") ? Long.parseLong(text) * SECOND : 0;
  }

  /** The content ended before or after its announced end. */
  boolean isOfLength() {
    return kind == OriginException.Kind.TRUNCATED || kind == OriginException.Kind.TOO_LONG;
  }
}
