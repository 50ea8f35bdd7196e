package io.dragonfly.common.lifecycle;

/**
 * A role cannot start, for a reason its operator can understand and mend. The message is one
 * sentence of the form <em>what was being done, to what, why it failed. What to do</em>; it is
 * printed as it is, without a stack trace.
 */
public final class StartException extends Exception {
  private static final long serialVersionUID = 1L;

  public StartException(String message) {
    super(message);
  }

  public StartException(String message, Throwable cause) {
    super(message, cause);
  }
}
