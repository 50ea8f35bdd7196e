package io.dragonfly.lab.sim;

/** Something happened that never must. */
final class Violation extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Which rule was broken: the same for all ways to break it. */
  private final String rule;

  private final long at;

  Violation(String rule, long at, String event) {
    super(rule + ": " + event);
    this.rule = rule;
    this.at = at;
  }

  String rule() {
    return rule;
  }

  /** Nanoseconds from the beginning. */
  long at() {
    return at;
  }
}
