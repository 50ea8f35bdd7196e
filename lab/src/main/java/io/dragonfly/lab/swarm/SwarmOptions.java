package io.dragonfly.lab.swarm;

import io.dragonfly.lab.process.Launcher;
import io.dragonfly.lab.shaped.Rate;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What is measured.
 *
 * @param peers how many hosts download
 * @param rate of each peer's link, both directions
 * @param seedRate of the seed's link
 * @param originRate of the origin's link
 * @param roundTrip between any two hosts, beside the queues
 * @param size of the content, in bytes
 * @param layers into so many parts of about the same length it is cut for who pulls it as an image
 * @param stagger each peer begins so much later than the one before it
 * @param contenders who takes part, in this order
 * @param upstream directory of upstream's programs, to take part as well
 * @param ours starts our programs
 * @param work where the run makes a directory for some (peers + 4) times the size
 * @param report where the JSON file and the charts go
 */
record SwarmOptions(
    int peers,
    Rate rate,
    Rate seedRate,
    Rate originRate,
    Duration roundTrip,
    long size,
    int layers,
    Duration stagger,
    List<Contender.Kind> contenders,
    Optional<Path> upstream,
    Launcher ours,
    Path work,
    Path report) {
  static final int MOST_PEERS = 100;
  static final int MOST_LAYERS = 100;
  static final long SMALLEST = 1 << 10;
  static final long LARGEST = 64L << 30;

  SwarmOptions {
    contenders = List.copyOf(contenders);
  }

  /** How long a download may take before the run gives up on it. */
  Duration limit() {
    double slowest =
        Math.min(
            rate.bytesPerSecond(),
            Math.min(seedRate.bytesPerSecond(), originRate.bytesPerSecond()));
    return Duration.ofSeconds(120 + (long) (2.0 * (peers + 1) * size / slowest));
  }
}
