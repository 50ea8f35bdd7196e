package io.dragonfly.lab.pull;

import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.shaped.Rate;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What is measured.
 *
 * @param rate of each link, both directions
 * @param roundTrip between any two hosts, beside the queues
 * @param size of a layer, in bytes
 * @param runs how often, each with a layer of its own
 * @param small layers of one piece that are pulled before: code that runs once for each is compiled
 *     after some hundreds
 * @param ours starts our programs
 * @param work where the run makes a directory for some 3 times the size for each run
 */
record PullOptions(
    Rate rate, Duration roundTrip, long size, int runs, int small, Launcher ours, Path work) {
  static final long SMALLEST = 1 << 10;
  static final long LARGEST = 64L << 30;
  static final int MOST_RUNS = 100;
  static final int MOST_SMALL = 10_000;
}
