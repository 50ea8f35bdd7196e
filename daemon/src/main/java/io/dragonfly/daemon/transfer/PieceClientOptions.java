package io.dragonfly.daemon.transfer;

import java.time.Duration;

/**
 * How pieces are fetched.
 *
 * @param bufferBytes of each running fetch, 64 KiB..16 MiB
 * @param buffers how many fetches may receive at the same time, 1..1024; others wait
 * @param idleConnectionsPerParent kept for reuse, 0..64; parents of upstream's make keep none
 * @param idleConnections kept in all, 0..65536
 * @param idleTimeout after which a kept connection is closed; shorter than the server's
 */
public record PieceClientOptions(
    int bufferBytes,
    int buffers,
    int idleConnectionsPerParent,
    int idleConnections,
    Duration idleTimeout) {
  public PieceClientOptions {
    PieceServerOptions.requireWithin("bufferBytes", bufferBytes, 65_536, 16 << 20);
    PieceServerOptions.requireWithin("buffers", buffers, 1, 1024);
    PieceServerOptions.requireWithin("idleConnectionsPerParent", idleConnectionsPerParent, 0, 64);
    PieceServerOptions.requireWithin("idleConnections", idleConnections, 0, 65_536);
    PieceServerOptions.requirePositive("idleTimeout", idleTimeout);
  }

  public static PieceClientOptions defaults() {
    return new PieceClientOptions(1 << 20, 64, 8, 256, Duration.ofSeconds(20));
  }

  public PieceClientOptions withBufferBytes(int value) {
    return new PieceClientOptions(
        value, buffers, idleConnectionsPerParent, idleConnections, idleTimeout);
  }
}
