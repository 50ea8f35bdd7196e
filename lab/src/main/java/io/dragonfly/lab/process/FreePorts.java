package io.dragonfly.lab.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports for programs that are told theirs. The system gives ports of its ephemeral range to whoever
 * asks for any, also in between; those below it are nobody's until somebody names them.
 */
final class FreePorts {
  private static final Path RANGE = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
  private static final int LOWEST = 10_000;
  private static final int USUAL_END = 32_768;
  private static final int TRIES = 1_000;

  private static final int END = end();

  private FreePorts() {}

  /** A port of 127.0.0.1 that nobody uses now, and that nobody gets who did not ask for it. */
  static int next() throws IOException {
    for (int tries = 0; tries < TRIES && END > LOWEST; tries++) {
      int port = ThreadLocalRandom.current().nextInt(LOWEST, END);
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (IOException e) {
        // It is in use: try another.
      }
    }
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return any.getLocalPort();
    }
  }

  /** The first port of the ephemeral range. */
  private static int end() {
    try {
      return Integer.parseInt(Files.readString(RANGE).strip().split("\\s+", 2)[0]);
    } catch (IOException | NumberFormatException e) {
      return USUAL_END;
    }
  }
}
