package io.dragonfly.scheduler.placement;

import java.util.Locale;
import java.util.random.RandomGenerator;

/**
 * What a candidate parent is worth to a child. Chance has the largest part, so that the graph comes
 * close to a random regular one; the same IDC, the same location and a lightly used parent shift
 * it.
 */
public final class Rating {
  private static final double SAME_IDC = 0.6;
  private static final double SAME_LOCATION = 0.2;
  private static final double IDLE = 0.4;
  private static final int LOCATION_PARTS = 5;

  private Rating() {}

  /** Where a host stands; empty when unknown. Location parts are divided by '|'. */
  public record Place(String idc, String location) {
    /** Upper and lower case do not matter. */
    public Place {
      idc = idc.toLowerCase(Locale.ROOT);
      location = location.toLowerCase(Locale.ROOT);
    }
  }

  /**
   * The higher the better.
   *
   * @param load the used share of the parent's children in this task, 0..1
   */
  public static double of(Place child, Place parent, double load, RandomGenerator random) {
    double rating = random.nextDouble() + IDLE * (1 - load);
    if (!child.idc.isEmpty() && child.idc.equals(parent.idc)) {
      rating += SAME_IDC;
    }
    return rating + SAME_LOCATION * nearness(child.location, parent.location);
  }

  private static double nearness(String a, String b) {
    if (a.isEmpty() || b.isEmpty()) {
      return 0;
    }
    if (a.equals(b)) {
      return 1;
    }
    String[] first = a.split("\\|", -1);
    String[] second = b.split("\\|", -1);
    int equal = 0;
    int parts = Math.min(LOCATION_PARTS, Math.min(first.length, second.length));
    while (equal < parts && first[equal].equals(second[equal])) {
      equal++;
    }
    return (double) equal / LOCATION_PARTS;
  }
}
