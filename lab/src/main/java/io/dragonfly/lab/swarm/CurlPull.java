package io.dragonfly.lab.swarm;

import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.shaped.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * What a peer without a client of ours does: its curl takes the layers of an image, three at a time
 * as containerd does, from wherever it is told.
 */
final class CurlPull {
  private static final String AT_A_TIME = "3";

  private CurlPull() {}

  /**
   * A pull by that peer.
   *
   * @param layers their paths at a registry
   * @param url where that peer asks for a path
   * @param directory what it brings goes below a directory of the peer's own in it
   */
  static ProcessDownload of(
      Node peer, List<String> layers, UnaryOperator<String> url, Path directory, Usage usage)
      throws IOException {
    Path own = Files.createDirectories(directory.resolve("got-" + peer.name()));
    List<String> command =
        new ArrayList<>(
            List.of(
                Tool.CURL.path(),
                "--fail",
                "--silent",
                "--show-error",
                "--parallel",
                "--parallel-immediate",
                "--parallel-max",
                AT_A_TIME));
    List<Path> outputs = new ArrayList<>();
    for (String layer : layers) {
      Path output = own.resolve(Integer.toString(outputs.size()));
      outputs.add(output);
      command.addAll(List.of("-o", output.toString(), url.apply(layer)));
    }
    return new ProcessDownload(
        peer, command, outputs, Optional.empty(), own.resolve("curl.log"), usage);
  }
}
