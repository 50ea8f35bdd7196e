package io.dragonfly.daemon;

/** The program {@code dfdaemon}. */
public final class DaemonMain {
  private DaemonMain() {}

  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs until told to stop; returns the exit code. */
  public static int run(String[] args) {
    if (args.length < Integer.MAX_VALUE) {
      throw new UnsupportedOperationException("not yet");
    }
    return 0;
  }
}
