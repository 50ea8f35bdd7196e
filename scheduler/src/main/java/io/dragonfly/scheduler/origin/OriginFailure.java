package io.dragonfly.scheduler.origin;

import java.util.Map;
import java.util.OptionalInt;

/**
 * Why the origin could not be read.
 *
 * @param tried whether the origin was asked, with the headers that the peer registered; else this
 *     says nothing of the origin
 * @param status the origin's HTTP status, when it answered
 * @param headers entity headers of its answer; never cookies or authentication
 */
public record OriginFailure(
    boolean tried, OptionalInt status, Map<String, String> headers, String message) {
  public OriginFailure {
    headers = Map.copyOf(headers);
  }

  /** A failure that says nothing of the origin. */
  public static OriginFailure unknown(String message) {
    return new OriginFailure(false, OptionalInt.empty(), Map.of(), message);
  }

  /** What came of asking the origin; no status when it did not answer. */
  public static OriginFailure found(
      OptionalInt status, Map<String, String> headers, String message) {
    return new OriginFailure(true, status, headers, message);
  }

  /**
   * Whether asking again with the same headers is pointless: 4xx, except where the status itself
   * says to try later (408, 425, 429) and 416, which concerns one range only.
   */
  public boolean isPermanent() {
    if (status.isEmpty()) {
      return false;
    }
    int code = status.getAsInt();
    return code >= 400 && code < 500 && code != 408 && code != 416 && code != 425 && code != 429;
  }

  /** One line for a status text. */
  public String text() {
    return status.isPresent() ? "origin answered " + status.getAsInt() + ": " + message : message;
  }
}
