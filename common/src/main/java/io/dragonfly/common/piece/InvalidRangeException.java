package io.dragonfly.common.piece;

/**
 * A range that cannot be served: either it is not a range at all, or it lies outside the content
 * (HTTP 416).
 */
public final class InvalidRangeException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final boolean unsatisfiable;

  InvalidRangeException(String message, boolean unsatisfiable) {
    super(message);
    this.unsatisfiable = unsatisfiable;
  }

  /** True: well-formed, but outside the content. False: malformed. */
  public boolean isUnsatisfiable() {
    return unsatisfiable;
  }
}
