package io.dragonfly.daemon.transfer;

import io.dragonfly.common.limit.FairBucket;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;

/**
 * How pieces are served.
 *
 * @param bind where to listen; port 0 takes a free one
 * @param threads how many connections send at the same time, 1..256
 * @param maxConnections how many connections may be open, 1..65536; one more gets an error. Over
 *     QUIC a quarter of them, of which each costs more, and as many streams
 * @param maxConnectionsPerHost how many of these may come from one address, 1..65536
 * @param idleTimeout a connection without a request is closed after this
 * @param requestTimeout a request must be complete within this after its first byte
 * @param stallTimeout a child that takes no byte for this long is cut off
 * @param bufferBytes of each sending thread, 64 KiB..16 MiB
 * @param upload what all connections send together, shared by tasks
 */
public record PieceServerOptions(
    InetSocketAddress bind,
    int threads,
    int maxConnections,
    int maxConnectionsPerHost,
    Duration idleTimeout,
    Duration requestTimeout,
    Duration stallTimeout,
    int bufferBytes,
    FairBucket upload) {
  public PieceServerOptions {
    Objects.requireNonNull(bind);
    requireWithin("threads", threads, 1, 256);
    requireWithin("maxConnections", maxConnections, 1, 65_536);
    requireWithin("maxConnectionsPerHost", maxConnectionsPerHost, 1, 65_536);
    requirePositive("idleTimeout", idleTimeout);
    requirePositive("requestTimeout", requestTimeout);
    requirePositive("stallTimeout", stallTimeout);
    requireWithin("bufferBytes", bufferBytes, 65_536, 16 << 20);
    Objects.requireNonNull(upload);
  }

  public static PieceServerOptions on(InetSocketAddress bind) {
    return new PieceServerOptions(
        bind,
        Math.clamp(2L * Runtime.getRuntime().availableProcessors(), 4, 32),
        4096,
        1024,
        Duration.ofSeconds(60),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        1 << 20,
        FairBucket.ofRate(FairBucket.UNLIMITED));
  }

  public PieceServerOptions withThreads(int value) {
    return new PieceServerOptions(
        bind,
        value,
        maxConnections,
        maxConnectionsPerHost,
        idleTimeout,
        requestTimeout,
        stallTimeout,
        bufferBytes,
        upload);
  }

  public PieceServerOptions withMaxConnections(int value) {
    return new PieceServerOptions(
        bind,
        threads,
        value,
        maxConnectionsPerHost,
        idleTimeout,
        requestTimeout,
        stallTimeout,
        bufferBytes,
        upload);
  }

  public PieceServerOptions withMaxConnectionsPerHost(int value) {
    return new PieceServerOptions(
        bind,
        threads,
        maxConnections,
        value,
        idleTimeout,
        requestTimeout,
        stallTimeout,
        bufferBytes,
        upload);
  }

  public PieceServerOptions withTimeouts(Duration idle, Duration request, Duration stall) {
    return new PieceServerOptions(
        bind,
        threads,
        maxConnections,
        maxConnectionsPerHost,
        idle,
        request,
        stall,
        bufferBytes,
        upload);
  }

  public PieceServerOptions withUpload(FairBucket value) {
    return new PieceServerOptions(
        bind,
        threads,
        maxConnections,
        maxConnectionsPerHost,
        idleTimeout,
        requestTimeout,
        stallTimeout,
        bufferBytes,
        value);
  }

  public PieceServerOptions withBufferBytes(int value) {
    return new PieceServerOptions(
        bind,
        threads,
        maxConnections,
        maxConnectionsPerHost,
        idleTimeout,
        requestTimeout,
        stallTimeout,
        value,
        upload);
  }

  static void requireWithin(String name, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          name + " must be " + least + ".." + most + ", not " + value);
    }
  }

  static void requirePositive(String name, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(name + " must be positive, not " + value);
    }
  }
}
