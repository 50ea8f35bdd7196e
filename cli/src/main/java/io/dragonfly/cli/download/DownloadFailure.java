package io.dragonfly.cli.download;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** The download ended without a file. The message is for the user and holds no secrets. */
public final class DownloadFailure extends Exception {
  private static final long serialVersionUID = 1;

  /** What kind of failure it is, as far as dfget acts on it. */
  public enum Reason {
    /** There is no socket. */
    ABSENT,
    /** There is a socket and nothing answers. */
    UNREACHABLE,
    /** Something answers at the socket, and it is not the line protocol. */
    OTHER_PROTOCOL,
    /** The daemon may not write where the user wants the file. */
    OUTPUT_REFUSED,
    /** What the daemon has is not, or no longer, what the origin gives. */
    CHANGED,
    /** Anything else: it is final. */
    FAILED
  }

  private final Reason reason;
  private final int originStatus;

  public DownloadFailure(Reason reason, String message, @Nullable Throwable cause) {
    this(reason, OptionalInt.empty(), message, cause);
  }

  public DownloadFailure(
      Reason reason, OptionalInt originStatus, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.originStatus = originStatus.orElse(0);
  }

  /** A final failure. */
  public static DownloadFailure of(String message) {
    return new DownloadFailure(Reason.FAILED, message, null);
  }

  public Reason reason() {
    return reason;
  }

  /** The HTTP status of the origin, where it gave one. */
  public OptionalInt originStatus() {
    return originStatus == 0 ? OptionalInt.empty() : OptionalInt.of(originStatus);
  }
}
