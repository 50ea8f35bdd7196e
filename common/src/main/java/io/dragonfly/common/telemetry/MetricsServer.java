package io.dragonfly.common.telemetry;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * Serves {@code GET /metrics} in Prometheus' text format and, where that was asked for, {@code
 * DELETE /metrics}, which sets all counters back to zero.
 */
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

  private MetricsServer(OnePageServer server) {
    this.server = server;
  }

  /**
   * As the constructor, and with DELETE.
   *
   * @throws IOException if it cannot be bound
   */
  public static MetricsServer resettable(InetSocketAddress address, Metrics metrics)
      throws IOException {
    return new MetricsServer(
        new OnePageServer(
            address,
            "/metrics",
            metrics.contentType(),
            metrics::text,
            Optional.of(metrics::reset)));
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
