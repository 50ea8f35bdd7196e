package io.dragonfly.daemon.download;

import java.util.Map;
import java.util.OptionalInt;

/**
 * Why a download failed: a code to act on, and what was done, to what, why it failed, and what
 * helps.
 */
public final class DownloadException extends Exception {
  private static final long serialVersionUID = 1L;

  /** The kinds of failure; {@code rpc} and {@code proxy} map them to their status codes. */
  public enum Code {
    /** The range text is not one, or the request can't be understood. */
    INVALID_REQUEST,
    /** The range lies outside of the content (HTTP 416). */
    RANGE_NOT_SATISFIABLE,
    /** The origin answered that it will not give the content; {@link #originStatus} says how. */
    ORIGIN_REFUSED,
    /** The origin can't be reached, fails, or does not keep to what it announced. */
    ORIGIN_UNAVAILABLE,
    /** The content changed again and again while it was read. */
    CONTENT_CHANGED,
    /** No peer has the content and the origin must not be read. */
    NO_SOURCE,
    /**
     * The scheduler forbids this download, by its priority; or the origin is where this host does
     * not go.
     */
    FORBIDDEN,
    DIGEST_MISMATCH,
    NO_SPACE,
    STORAGE_FAILED,
    TIMED_OUT,
    CANCELLED,
    /** The task was deleted while it was downloaded. */
    DELETED,
    TOO_MANY_DOWNLOADS,
    SHUTTING_DOWN,
    INTERNAL
  }

  private final Code code;
  private final int originStatus;
  private final transient Map<String, String> originHeaders;

  public DownloadException(Code code, String message) {
    this(code, OptionalInt.empty(), Map.of(), message);
  }

  public DownloadException(
      Code code, OptionalInt originStatus, Map<String, String> originHeaders, String message) {
    super(message);
    this.code = code;
    this.originStatus = originStatus.orElse(0);
    this.originHeaders = Map.copyOf(originHeaders);
  }

  public Code code() {
    return code;
  }

  /** The HTTP status of the origin, if it answered. */
  public OptionalInt originStatus() {
    return originStatus == 0 ? OptionalInt.empty() : OptionalInt.of(originStatus);
  }

  /** Headers of the origin's answer that may be passed on. */
  public Map<String, String> originHeaders() {
    return originHeaders;
  }
}
