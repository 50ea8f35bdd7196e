package io.dragonfly.lab.swarm;

import io.dragonfly.lab.shaped.Node;
import io.dragonfly.lab.shaped.ShapedNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Where contenders meet: the network, and the content.
 *
 * @param files a directory with the content and a shorter one to warm up with
 * @param sha256 of the content, in hex
 */
record Setting(SwarmOptions options, ShapedNetwork network, Path files, String sha256) {
  static final String CONTENT = "content";
  static final String WARM_UP = "warm-up";
  static final String ORIGIN = "origin";
  static final String SEED = "seed";

  /** The hosts that download. */
  List<Node> peers() {
    return IntStream.rangeClosed(1, options.peers())
        .mapToObj(i -> network.node(peerName(i)))
        .toList();
  }

  static String peerName(int number) {
    return "peer-" + number;
  }

  /** A fresh directory for one contender. */
  Path directory(String contender) throws IOException {
    return Files.createDirectories(options.work().resolve(contender));
  }
}
