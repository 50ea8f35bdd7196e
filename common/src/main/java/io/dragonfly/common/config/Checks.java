package io.dragonfly.common.config;

import java.util.ArrayList;
import java.util.List;

/**
 * What a section's compact constructor uses to check several values and report all that are wrong:
 *
 * <pre>
 * new Checks()
 *     .range("port", port, 0, 65535)
 *     .that(low &lt; high, "diskLowThresholdPercent", low, "it must be less than diskHighThresholdPercent")
 *     .done();
 * </pre>
 */
public final class Checks {
  private final List<InvalidSectionException.Mistake> mistakes = new ArrayList<>();

  /** Notes a mistake unless the condition holds. {@code allowed} is a clause: "it must be ...". */
  public Checks that(boolean condition, String key, Object value, String allowed) {
    if (!condition) {
      mistakes.add(new InvalidSectionException.Mistake(key, String.valueOf(value), allowed));
    }
    return this;
  }

  /** Both bounds are allowed. */
  public Checks range(String key, long value, long min, long max) {
    return that(value >= min && value <= max, key, value, "it must be " + min + " to " + max);
  }

  /** Throws what the loader turns into a message with the place in the file. */
  public void done() {
    if (!mistakes.isEmpty()) {
      throw new InvalidSectionException(mistakes);
    }
  }
}
