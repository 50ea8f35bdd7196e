package io.dragonfly.dist;

/**
 * What one check of the doctor found.
 *
 * @param check what was looked at, one word
 * @param detail what is the case
 * @param remedy what helps; empty where nothing has to be done
 */
record Finding(Status status, String check, String detail, String remedy) {
  /** How it is. */
  enum Status {
    PASS,
    /** It works, and less well than it could. */
    WARN,
    FAIL
  }

  static Finding pass(String check, String detail) {
    return new Finding(Status.PASS, check, detail, "");
  }

  static Finding warn(String check, String detail, String remedy) {
    return new Finding(Status.WARN, check, detail, remedy);
  }

  static Finding fail(String check, String detail, String remedy) {
    return new Finding(Status.FAIL, check, detail, remedy);
  }

  /** One line. */
  @Override
  public String toString() {
    String line = status + "  " + check + " ".repeat(Math.max(1, 10 - check.length())) + detail;
    return line.replace('\n', ' ') + (remedy.isEmpty() ? "" : ": " + remedy.replace('\n', ' '));
  }
}
