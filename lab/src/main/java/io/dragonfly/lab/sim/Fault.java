package io.dragonfly.lab.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Something that goes wrong at one time.
 *
 * @param number which of the seed's faults it is, from 0
 * @param at nanoseconds from the beginning
 * @param nanos how long it lasts; Long.MAX_VALUE: for good
 * @param hosts whom it concerns: places in the world's list
 */
record Fault(int number, FaultKind kind, long at, long nanos, List<Integer> hosts) {
  private static final double FOR_GOOD = 0.25;

  Fault {
    hosts = List.copyOf(hosts);
  }

  boolean isForGood() {
    return nanos == Long.MAX_VALUE;
  }

  /** The faults of these options, which are a part of those that the seed gives. */
  static List<Fault> draw(SimOptions options, double expectedSeconds) {
    SplittableRandom random = new SplittableRandom(options.seed() ^ 0x5DEECE66DL);
    List<FaultKind> kinds = options.kinds().stream().sorted().toList();
    List<Fault> faults = new ArrayList<>();
    for (int number = 0; number < options.faults() && !kinds.isEmpty(); number++) {
      FaultKind kind = kinds.get(random.nextInt(kinds.size()));
      long at = (long) (random.nextDouble() * expectedSeconds * Timeline.SECOND);
      Fault fault =
          new Fault(number, kind, at, duration(kind, random), hosts(kind, options, random));
      if (options.only().isEmpty() || options.only().contains(number)) {
        faults.add(fault);
      }
    }
    return faults;
  }

  private static long duration(FaultKind kind, SplittableRandom random) {
    return switch (kind) {
      case CRASH, POWER, ORIGIN ->
          random.nextDouble() < FOR_GOOD ? Long.MAX_VALUE : seconds(random, 0.5, 15);
      case PARTITION -> seconds(random, 0.5, 40);
      case SCHEDULER -> seconds(random, 0.1, 6);
      case DISK, CORRUPT, CHANGE -> Long.MAX_VALUE;
    };
  }

  private static long seconds(SplittableRandom random, double least, double most) {
    return (long) (random.nextDouble(least, most) * Timeline.SECOND);
  }

  private static List<Integer> hosts(FaultKind kind, SimOptions options, SplittableRandom random) {
    int all = options.hosts() + options.seeds();
    int count =
        switch (kind) {
          case CRASH, POWER, DISK, CORRUPT -> 1;
          case PARTITION -> 1 + random.nextInt(Math.max(1, all / 3));
          case SCHEDULER, ORIGIN, CHANGE -> 0;
        };
    List<Integer> hosts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      hosts.add(random.nextInt(all));
    }
    return hosts.stream().distinct().sorted().toList();
  }

  @Override
  public String toString() {
    return "#"
        + number
        + " "
        + kind
        + " at "
        + at / Timeline.MILLI
        + " ms"
        + (isForGood() ? " for good" : " for " + nanos / Timeline.MILLI + " ms")
        + (hosts.isEmpty() ? "" : " hosts " + hosts);
  }
}
