package io.dragonfly.lab.faults;

import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.shaped.Rate;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What happens to which swarms.
 *
 * @param peers how many hosts download
 * @param rate of each link, both directions
 * @param roundTrip between any two hosts, beside the queues
 * @param size of the content, in bytes
 * @param cases in this order
 * @param ours starts our programs
 * @param work where the run makes a directory for some 3 (peers + 2) times the size
 * @param report where the JSON file goes
 */
record FaultOptions(
    int peers,
    Rate rate,
    Duration roundTrip,
    long size,
    List<FaultCase> cases,
    Launcher ours,
    Path work,
    Path report) {
  /** So that somebody is left to go on when one is hit. */
  static final int FEWEST_PEERS = 2;

  static final int MOST_PEERS = 20;

  /** More than four pieces, so that there are some before and some after the fault. */
  static final long SMALLEST = 16L << 20;

  static final long LARGEST = 4L << 30;

  /** A faster transfer is over before a fault can hit it midway. */
  static final double SHORTEST_SECONDS = 2;

  FaultOptions {
    cases = List.copyOf(cases);
  }

  /** What the content takes on one link, at least. */
  double linkSeconds() {
    return size / rate.bytesPerSecond();
  }

  /** Within this time all downloads of a case must have ended. */
  Duration limit(FaultCase which) {
    return which.fault().limit().plusSeconds((long) (4 * linkSeconds()));
  }
}
