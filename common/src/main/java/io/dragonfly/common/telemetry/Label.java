package io.dragonfly.common.telemetry;

import java.util.Objects;

/**
 * A dimension of a metric.
 *
 * @param name as Prometheus sees it
 * @param maxValues how many different values are told apart, at least one; later ones count as
 *     "other"
 */
public record Label(String name, int maxValues) {
  private static final int DEFAULT_MAX_VALUES = 100;

  public Label {
    Objects.requireNonNull(name, "name is null");
    if (maxValues < 1) {
      throw new IllegalArgumentException("maxValues of label " + name + " is " + maxValues);
    }
  }

  /** A label with 100 values at most. */
  public static Label of(String name) {
    return new Label(name, DEFAULT_MAX_VALUES);
  }
}
