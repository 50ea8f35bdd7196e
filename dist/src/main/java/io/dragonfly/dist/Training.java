package io.dragonfly.dist;

/**
 * What the JVM watches to make its cache of prepared classes: each program does once what it does
 * when it counts. Run by {@code lib/make-aot-cache}, as {@code training}, which the help does not
 * list. Everything happens below a temporary directory and on loopback.
 */
final class Training {
  private Training() {}

  /** Ends the process, with 1 when the program did not do what it should. */
  static void run(String[] args) {
    try {
      switch (args.length == 1 ? args[0] : "") {
        case "dfget" -> DfgetTraining.run();
        case "server" -> ServerTraining.run();
        default -> throw new IllegalArgumentException("training takes 'dfget' or 'server'");
      }
      System.exit(0);
    } catch (Exception e) {
      System.err.println("training: " + e);
      e.printStackTrace();
      System.exit(1);
    }
  }
}
