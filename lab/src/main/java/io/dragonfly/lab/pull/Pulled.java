package io.dragonfly.lab.pull;

import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Tool;
import io.dragonfly.lab.shaped.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What one curl saw.
 *
 * @param firstByteMillis from its start to the first byte of the answer, the connection included
 * @param seconds to the last
 */
record Pulled(double firstByteMillis, double seconds) {
  private static final String TIMES = "%{time_starttransfer} %{time_total}";

  /**
   * Pulls to a file, which is removed again.
   *
   * @param sha256 that the content must have, in hex
   */
  static Pulled by(Node peer, String url, String sha256, Path output)
      throws IOException, InterruptedException {
    String times =
        Tool.run(
            peer.command(
                List.of(
                    Tool.CURL.path(),
                    "--fail",
                    "--silent",
                    "--show-error",
                    "-o",
                    output.toString(),
                    "-w",
                    TIMES,
                    url)));
    String came = LabContent.sha256(output);
    if (!came.equals(sha256)) {
      throw new IOException(url + " brought other bytes than the origin has: SHA-256 " + came);
    }
    Files.delete(output);
    String[] both = times.strip().split(" ", -1);
    return new Pulled(Double.parseDouble(both[0]) * 1000, Double.parseDouble(both[1]));
  }
}
