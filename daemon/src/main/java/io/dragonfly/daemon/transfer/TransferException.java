package io.dragonfly.daemon.transfer;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A fetch that brought no piece; the reason says whose fault that is. */
public final class TransferException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Reason {
    /** No connection, or it broke, or the parent says that it can't serve now. */
    UNREACHABLE,
    /** The parent was silent, or slower than the minimum, for too long. */
    STALLED,
    /** The parent doesn't have the piece, or has another version of the content. */
    MISSING,
    /** The parent sent wrong bytes, or an answer that isn't for this piece. */
    CORRUPT,
    CANCELLED,
    /** Our own disk failed or is full; the parent is innocent. */
    LOCAL_IO
  }

  private final Reason reason;

  public TransferException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
