package io.dragonfly.lab.swarm;

import io.dragonfly.lab.shaped.Hosts;
import io.dragonfly.lab.shaped.Node;
import io.dragonfly.lab.shaped.ShapedNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Where contenders meet: the network, and the content.
 *
 * @param work the directory of the run
 * @param files a directory with the content and a shorter one to warm up with
 * @param sha256 of the content, in hex
 * @param layers where a registry has the content, for who pulls it as an image
 * @param warmUpLayers the same of the shorter one
 */
record Setting(
    SwarmOptions options,
    ShapedNetwork network,
    Path work,
    Path files,
    String sha256,
    List<String> layers,
    List<String> warmUpLayers) {
  static final String CONTENT = "content";
  static final String WARM_UP = "warm-up";

  Setting {
    layers = List.copyOf(layers);
    warmUpLayers = List.copyOf(warmUpLayers);
  }

  /** The hosts that download. */
  List<Node> peers() {
    return Hosts.peers(network, options.peers());
  }

  /** A fresh directory for one contender. */
  Path directory(String contender) throws IOException {
    return Files.createDirectories(work.resolve(contender));
  }
}
