package io.dragonfly.dist;

import io.dragonfly.cli.Dfget;
import io.dragonfly.cli.Terminal;
import io.dragonfly.common.file.Directories;
import io.dragonfly.common.telemetry.LogOptions;
import io.dragonfly.common.telemetry.LogOptions.LogLevel;
import io.dragonfly.common.telemetry.Logging;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Starts a scheduler, a seed and two peers, downloads a file through each peer, and stops. */
final class ServerTraining {
  private static final long LENGTH = 12 << 20;

  private ServerTraining() {}

  static void run() throws Exception {
    Path directory = Files.createTempDirectory("dragonfly-training");
    try (Logging _ =
        Logging.configure("training", LogOptions.files(LogLevel.INFO, directory.resolve("logs")))) {
      train(directory);
    } finally {
      Directories.delete(directory);
    }
  }

  private static void train(Path directory) throws Exception {
    Terminal terminal =
        new Terminal(System.out, new PrintStream(System.err), Map.of(), directory, false);
    try (DemoOrigin origin =
            new DemoOrigin(new DemoContent(1, LENGTH), /* ranges= */ true).start();
        LocalCluster cluster = LocalCluster.start(directory, 2)) {
      cluster.seeds().getFirst().awaitAnnounced(Duration.ofSeconds(10));
      for (LocalMember peer : cluster.peers()) {
        String output = directory.resolve(peer.name() + ".out").toString();
        String socket = peer.socket().toString();
        int code =
            Dfget.run(
                new String[] {origin.url(), "-O", output, "-e", socket, "--timeout", "60s"},
                terminal);
        if (code != 0) {
          throw new IllegalStateException("the download through " + peer.name() + " failed");
        }
      }
    }
  }
}
