package io.dragonfly.lab.shaped;

import io.dragonfly.lab.process.ProcessCluster;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;

/** The names of the hosts of a swarm, as every run in a shaped network uses them. */
public final class Hosts {
  public static final String ORIGIN = "origin";
  public static final String SEED = "seed";

  private Hosts() {}

  /** A host that downloads; they are counted from 1. */
  public static String peer(int number) {
    return "peer-" + number;
  }

  /** The hosts that download, of a network that has so many. */
  public static List<Node> peers(ShapedNetwork network, int count) {
    return IntStream.rangeClosed(1, count).mapToObj(i -> network.node(peer(i))).toList();
  }

  /** Adds origin, scheduler, seed, and so many peers. */
  public static void add(
      ShapedNetwork network, int peers, Rate rate, Rate seedRate, Rate originRate)
      throws IOException, InterruptedException {
    network.add(ORIGIN, originRate, originRate);
    network.add(ProcessCluster.SCHEDULER, rate, rate);
    network.add(SEED, seedRate, seedRate);
    for (int i = 1; i <= peers; i++) {
      network.add(peer(i), rate, rate);
    }
  }
}
