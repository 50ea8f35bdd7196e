package io.dragonfly.lab.sim;

import java.util.ArrayList;
import java.util.List;

/**
 * Something that flows share: a host's way up or down, a disk, the way out of a rack. Each gets as
 * much as the others, and what some can't use goes to those who can.
 */
final class Link {
  final String name;

  /** Bytes per nanosecond. */
  private double capacity;

  private double level = Double.POSITIVE_INFINITY;

  final List<Flow> flows = new ArrayList<>();
  boolean changed;

  /** What each flow gets elsewhere; good while the link is filled. */
  private double[] elsewhere = new double[16];

  Link(String name, double bytesPerSecond) {
    this.name = name;
    this.capacity = bytesPerSecond / Timeline.SECOND;
  }

  double bytesPerSecond() {
    return capacity * Timeline.SECOND;
  }

  void bytesPerSecond(double changed) {
    capacity = changed / Timeline.SECOND;
  }

  /** What a flow gets that nothing else holds back; infinite while there is enough for all. */
  double level() {
    return level;
  }

  /** The same, and never more than there is. */
  double most() {
    return Math.min(level, capacity);
  }

  /** Fills the link anew; returns the level before. */
  double refill() {
    double before = level;
    level = filled();
    return before;
  }

  /**
   * The level at which the flows fill the link, where each takes no more than it gets elsewhere.
   * Those that take less than the level leave more to the others, which raises it.
   */
  private double filled() {
    int sharing = flows.size();
    if (sharing == 0) {
      return Double.POSITIVE_INFINITY;
    }
    if (elsewhere.length < sharing) {
      elsewhere = new double[2 * sharing];
    }
    for (int i = 0; i < sharing; i++) {
      elsewhere[i] = flows.get(i).mostBeside(this);
    }
    double fair = capacity / sharing;
    for (int round = 0; round < sharing; round++) {
      double rest = capacity;
      int others = 0;
      for (int i = 0; i < sharing; i++) {
        if (elsewhere[i] < fair) {
          rest -= elsewhere[i];
        } else {
          others++;
        }
      }
      if (others == 0) {
        return Double.POSITIVE_INFINITY;
      }
      double next = rest / others;
      if (next <= fair * (1 + 1e-9)) {
        return fair;
      }
      fair = next;
    }
    return fair;
  }

  @Override
  public String toString() {
    return name;
  }
}
