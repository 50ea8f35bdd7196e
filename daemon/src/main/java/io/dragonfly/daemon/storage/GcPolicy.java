package io.dragonfly.daemon.storage;

import java.time.Duration;

/**
 * When tasks go.
 *
 * @param taskTtl an ordinary task goes when nobody used it for this long
 * @param persistentTaskTtl a persistent task without a time of its own goes this long after
 *     creation
 * @param persistentCacheTaskTtl the same for persistent cache tasks
 * @param highPercent disk usage at which ordinary tasks are evicted, 1..99
 * @param lowPercent usage down to which they are evicted, 1..highPercent
 */
public record GcPolicy(
    Duration taskTtl,
    Duration persistentTaskTtl,
    Duration persistentCacheTaskTtl,
    int highPercent,
    int lowPercent) {
  public GcPolicy {
    if (highPercent < 1 || highPercent > 99 || lowPercent < 1 || lowPercent > highPercent) {
      throw new IllegalArgumentException(
          "disk thresholds must be 1 <= low <= high <= 99, not low "
              + lowPercent
              + " and high "
              + highPercent);
    }
    requirePositive("taskTtl", taskTtl);
    requirePositive("persistentTaskTtl", persistentTaskTtl);
    requirePositive("persistentCacheTaskTtl", persistentCacheTaskTtl);
  }

  public static GcPolicy defaults() {
    return new GcPolicy(Duration.ofDays(30), Duration.ofDays(1), Duration.ofDays(1), 80, 60);
  }

  private static void requirePositive(String name, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(name + " must be positive, not " + value);
    }
  }
}
