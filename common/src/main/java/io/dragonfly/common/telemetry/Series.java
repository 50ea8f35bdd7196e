package io.dragonfly.common.telemetry;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * The data points of one metric by the values of its labels. Their number is bounded: a label whose
 * values are many (users choose tags and applications) shows the first ones and "other", and a
 * metric that would have more than {@value #MAX_POINTS} points counts under "other" for all its
 * labels.
 *
 * @param <P> a counter's, gauge's or distribution's data point
 */
public final class Series<P> {
  /** What is counted beyond the bounds has this value. */
  public static final String OTHER = "other";

  static final int MAX_POINTS = 2000;
  private static final int MAX_VALUE_LENGTH = 128;

  private final List<Label> labels;
  private final Function<String[], P> make;
  private final Runnable clear;
  private final Map<List<String>, P> points = new ConcurrentHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();

  /** The values seen so far, by label. */
  @GuardedBy("lock")
  private final List<Set<String>> seen = new ArrayList<>();

  /**
   * @param make the data point for values
   * @param clear forgets all data points that were made
   */
  Series(List<Label> labels, Function<String[], P> make, Runnable clear) {
    this.labels = List.copyOf(labels);
    this.make = make;
    this.clear = clear;
    for (int i = 0; i < labels.size(); i++) {
      seen.add(new HashSet<>());
    }
    if (labels.isEmpty()) {
      points.put(List.of(), make.apply(new String[0]));
    }
  }

  /** Begins anew, as if nothing had been counted. */
  void reset() {
    lock.lock();
    try {
      if (!labels.isEmpty()) {
        points.clear();
        seen.forEach(Set::clear);
      }
      clear.run();
    } finally {
      lock.unlock();
    }
  }

  /**
   * The data point for some labels; cheap to call again, and may be kept where the metrics are
   * never reset.
   *
   * @param values one for each label, in the order of declaration
   */
  public P with(String... values) {
    if (values.length != labels.size()) {
      throw new IllegalArgumentException(
          values.length + " values for the labels " + labels.stream().map(Label::name).toList());
    }
    List<String> key = List.of(values);
    P point = points.get(key);
    return point == null ? add(key) : point;
  }

  private P add(List<String> values) {
    lock.lock();
    try {
      List<String> bounded = new ArrayList<>(values.size());
      for (int i = 0; i < values.size(); i++) {
        bounded.add(bounded(i, values.get(i)));
      }
      P known = points.get(bounded);
      if (known != null) {
        return known;
      }
      List<String> key = points.size() < MAX_POINTS ? List.copyOf(bounded) : others();
      P point = points.get(key);
      if (point == null) {
        point = make.apply(key.toArray(String[]::new));
        points.put(key, point);
      }
      return point;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private String bounded(int label, String value) {
    if (value.equals(OTHER)) {
      return OTHER;
    }
    String shortened =
        value.length() > MAX_VALUE_LENGTH ? value.substring(0, MAX_VALUE_LENGTH) : value;
    Set<String> values = seen.get(label);
    if (values.contains(shortened)) {
      return shortened;
    }
    if (values.size() == labels.get(label).maxValues()) {
      return OTHER;
    }
    values.add(shortened);
    return shortened;
  }

  private List<String> others() {
    return labels.stream().map(ignored -> OTHER).toList();
  }
}
