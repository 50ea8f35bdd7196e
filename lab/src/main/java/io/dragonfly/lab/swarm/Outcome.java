package io.dragonfly.lab.swarm;

import java.util.List;

/**
 * One distribution.
 *
 * @param contender who did it
 * @param peers one for each
 * @param originBytes that left the origin, bodies only; -1 where there is none
 * @param cpuSeconds of all programs that took part, while they downloaded
 * @param peakResidentBytes the largest program's
 */
record Outcome(
    String contender,
    List<Peer> peers,
    long originBytes,
    double cpuSeconds,
    long peakResidentBytes) {

  Outcome {
    peers = List.copyOf(peers);
  }

  /**
   * One peer's download.
   *
   * @param seconds from the request to the end
   * @param samples how far it was
   */
  record Peer(String name, double seconds, List<Sample> samples) {
    Peer {
      samples = List.copyOf(samples);
    }
  }

  /**
   * @param seconds since the first peer's request
   * @param part of the content that is there, 0 to 1
   */
  record Sample(double seconds, double part) {}

  /** The time within which {@code percent} of the peers had ended, by the nearest rank. */
  double seconds(int percent) {
    double[] times = peers.stream().mapToDouble(Peer::seconds).sorted().toArray();
    return times[Math.max(0, (times.length * percent + 99) / 100 - 1)];
  }
}
