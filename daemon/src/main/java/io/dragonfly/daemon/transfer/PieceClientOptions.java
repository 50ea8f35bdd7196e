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
 * @param downloadBytesPerSecond for all fetches together; {@link Long#MAX_VALUE} for no limit
 */
public record PieceClientOptions(
    int bufferBytes,
    int buffers,
    int idleConnectionsPerParent,
    int idleConnections,
    Duration idleTimeout,
    long downloadBytesPerSecond) {
  public PieceClientOptions {
    PieceServerOptions.requireWithin("bufferBytes", bufferBytes, 65_536, 16 << 20);
    PieceServerOptions.requireWithin("buffers", buffers, 1, 1024);
    PieceServerOptions.requireWithin("idleConnectionsPerParent", idleConnectionsPerParent, 0, 64);
    PieceServerOptions.requireWithin("idleConnections", idleConnections, 0, 65_536);
    PieceServerOptions.requirePositive("idleTimeout", idleTimeout);
    if (downloadBytesPerSecond < 1) {
      throw new IllegalArgumentException(
          "downloadBytesPerSecond must be positive, not " + downloadBytesPerSecond);
    }
  }

  public static PieceClientOptions defaults() {
    return new PieceClientOptions(1 << 20, 64, 8, 256, Duration.ofSeconds(20), Long.MAX_VALUE);
  }

  public PieceClientOptions withBufferBytes(int value) {
    return new PieceClientOptions(
        value,
        buffers,
        idleConnectionsPerParent,
        idleConnections,
        idleTimeout,
        downloadBytesPerSecond);
  }

  public PieceClientOptions withDownloadBytesPerSecond(long value) {
    return new PieceClientOptions(
        bufferBytes, buffers, idleConnectionsPerParent, idleConnections, idleTimeout, value);
  }
}
