package io.dragonfly.daemon.output;

/** Why a file can't be written; says what was to be written and what the caller can do. */
public final class OutputException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Named as gRPC names its codes. */
  public enum Code {
    INVALID_ARGUMENT,
    NOT_FOUND,
    ALREADY_EXISTS,
    PERMISSION_DENIED,
    FAILED_PRECONDITION,
    RESOURCE_EXHAUSTED,
    CANCELLED,
    INTERNAL
  }

  private final Code code;

  OutputException(Code code, String message) {
    super(message);
    this.code = code;
  }

  OutputException(Code code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** A path that is none, or that nobody may name. */
  public static OutputException invalid(String message) {
    return new OutputException(Code.INVALID_ARGUMENT, message);
  }

  /** The caller may not have this file written. */
  public static OutputException denied(String message) {
    return new OutputException(Code.PERMISSION_DENIED, message);
  }

  public Code code() {
    return code;
  }
}
