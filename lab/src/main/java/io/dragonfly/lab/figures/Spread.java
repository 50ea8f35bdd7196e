package io.dragonfly.lab.figures;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** One figure of several runs. Not thread-safe. */
final class Spread {
  private final List<Double> values = new ArrayList<>();

  void add(double value) {
    values.add(value);
  }

  /** Forgets all values, as those of a warm-up. */
  void clear() {
    values.clear();
  }

  /** {@code min 1.10, median 1.21, max 1.43}, with so many decimals. */
  String text(int decimals) {
    String number = "%." + decimals + "f";
    return String.format(
        Locale.ROOT,
        "min " + number + ", median " + number + ", max " + number,
        at(0),
        median(),
        at(1));
  }

  /** The same as fractions of a limit. */
  String textOf(double limit) {
    Spread fractions = new Spread();
    values.forEach(value -> fractions.add(value / limit));
    return fractions.text(2);
  }

  /** The value that was added last. */
  double last() {
    return values.getLast();
  }

  double median() {
    return at(0.5);
  }

  /** The value below which a part of the values lies; nearest rank. */
  double at(double part) {
    if (values.isEmpty()) {
      throw new IllegalStateException("nothing was measured");
    }
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    return sorted.get((int) Math.round(part * (sorted.size() - 1)));
  }
}
