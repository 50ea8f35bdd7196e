package io.dragonfly.cli;

/** What a program tells its caller. */
public enum ExitCode {
  OK(0),
  /** Anything that went wrong while doing what was asked. */
  FAILED(1),
  /** The command line cannot be understood. */
  USAGE(2);

  private final int value;

  ExitCode(int value) {
    this.value = value;
  }

  public int value() {
    return value;
  }
}
