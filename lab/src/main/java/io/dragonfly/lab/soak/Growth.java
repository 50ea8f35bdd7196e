package io.dragonfly.lab.soak;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Memory and descriptors of one program over time. A program grows when the middle of the last
 * third of its samples is well above that of the second; the first third is for getting warm.
 */
final class Growth {
  static final int FEWEST = 6;
  private static final double MEMORY_FACTOR = 1.15;
  private static final long MEMORY_SLACK = 16_000_000;
  private static final double DESCRIPTOR_FACTOR = 1.25;
  private static final long DESCRIPTOR_SLACK = 16;

  private final List<Long> resident = new ArrayList<>();
  private final List<Long> descriptors = new ArrayList<>();

  void add(long residentBytes, long openDescriptors) {
    resident.add(residentBytes);
    descriptors.add(openDescriptors);
  }

  boolean hasEnough() {
    return resident.size() >= FEWEST;
  }

  /** Whether neither grew; true as well where there are too few samples to say. */
  boolean isSteady() {
    return !hasEnough()
        || (isSteady(resident, MEMORY_FACTOR, MEMORY_SLACK)
            && isSteady(descriptors, DESCRIPTOR_FACTOR, DESCRIPTOR_SLACK));
  }

  private static boolean isSteady(List<Long> values, double factor, long slack) {
    return last(values) <= second(values) * factor + slack;
  }

  private static long second(List<Long> values) {
    return median(values.subList(values.size() / 3, 2 * values.size() / 3));
  }

  private static long last(List<Long> values) {
    return median(values.subList(2 * values.size() / 3, values.size()));
  }

  private static long median(List<Long> values) {
    List<Long> sorted = new ArrayList<>(values);
    sorted.sort(null);
    return sorted.get(sorted.size() / 2);
  }

  String text() {
    if (!hasEnough()) {
      return "too few samples to say whether it grows: let it run longer";
    }
    return String.format(
        Locale.ROOT,
        "%s: %d MB then %d MB resident, %d then %d descriptors (medians of the second and the last"
            + " third of %d samples)",
        isSteady() ? "steady" : "GROWS",
        second(resident) / 1_000_000,
        last(resident) / 1_000_000,
        second(descriptors),
        last(descriptors),
        resident.size());
  }
}
