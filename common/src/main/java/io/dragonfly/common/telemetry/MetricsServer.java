package io.dragonfly.common.telemetry;

import java.io.IOException;
import java.net.InetSocketAddress;

/** Serves {@code GET /metrics} in Prometheus' text format, and nothing else. */
public final class MetricsServer implements AutoCloseable {
  private final OnePageServer server;

  /**
   * Binds the address; port 0 chooses a free one.
   *
   * @throws IOException if it cannot be bound; the message names the address and the remedy
   */
  public MetricsServer(InetSocketAddress address, Metrics metrics) throws IOException {
    server = new OnePageServer(address, "/metrics", metrics.contentType(), metrics::text);
  }

  /** Begins to answer. */
  public MetricsServer start() {
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
