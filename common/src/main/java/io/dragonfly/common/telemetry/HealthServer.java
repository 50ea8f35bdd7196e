package io.dragonfly.common.telemetry;

import java.io.IOException;
import java.net.InetSocketAddress;

/** Answers {@code GET /healthy} with 200 and an empty body, and everything else with 404. */
public final class HealthServer implements AutoCloseable {
  private final OnePageServer server;

  /**
   * Binds the address; port 0 chooses a free one.
   *
   * @throws IOException if it cannot be bound; the message names the address and the remedy
   */
  public HealthServer(InetSocketAddress address) throws IOException {
    server = new OnePageServer(address, "/healthy", "", () -> new byte[0]);
  }

  /** Begins to answer. */
  public HealthServer start() {
    server.start();
    return this;
  }

  public int port() {
    return server.port();
  }

  @Override
  public void close() {
    server.close();
  }
}
