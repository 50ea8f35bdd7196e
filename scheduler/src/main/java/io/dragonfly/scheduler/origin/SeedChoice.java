package io.dragonfly.scheduler.origin;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.TaskId;
import java.util.Collection;
import java.util.Optional;

/**
 * Which seed reads a task: rendezvous hashing, so that a seed that comes or goes moves only its own
 * tasks, and every scheduler that knows the same seeds makes the same choice.
 */
public final class SeedChoice {
  private SeedChoice() {}

  /** The seed for {@code task}; the order of {@code seeds} does not matter. */
  public static Optional<HostId> choose(TaskId task, Collection<HostId> seeds) {
    HostId best = null;
    long bestWeight = 0;
    for (HostId seed : seeds) {
      long weight = mix(hash(task.value()) ^ Long.rotateLeft(hash(seed.value()), 31));
      if (best == null
          || Long.compareUnsigned(weight, bestWeight) > 0
          || (weight == bestWeight && seed.value().compareTo(best.value()) < 0)) {
        best = seed;
        bestWeight = weight;
      }
    }
    return Optional.ofNullable(best);
  }

  /** FNV-1a, 64 bits, over UTF-16 units: ids are ASCII. */
  public static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    return hash;
  }

  /** The finalizer of SplitMix64: spreads every bit over the whole word. */
  private static long mix(long value) {
    long mixed = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return mixed ^ (mixed >>> 31);
  }
}
