package io.dragonfly.daemon;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.lifecycle.StartException;
import java.nio.file.Path;

/**
 * The peer daemon, or a seed peer. The constructor only checks and wires; {@link #start} opens the
 * store, the sockets and the connections; {@link #close} undoes that in reverse. Several daemons
 * run in one process, each with a host name of its own.
 */
public final class Daemon implements AutoCloseable {
  private final DaemonConfig config;
  private final Path dynconfig;

  /**
   * @param dynconfig the file that names the schedulers, read again and again; used when the
   *     configuration names no manager
   */
  public Daemon(DaemonConfig config, Path dynconfig) {
    this.config = config;
    this.dynconfig = dynconfig;
  }

  /**
   * Serves when it returns. A scheduler or manager that is away is no failure: the daemon goes on
   * trying.
   *
   * @throws StartException for what the operator can mend: a directory, a port, a socket
   */
  public void start() throws StartException {
    if (!dynconfig.toString().isEmpty()) {
      throw new StartException("not yet: " + config.storage().dir());
    }
  }

  /** What this host is called in the cluster. */
  public HostId hostId() {
    return new HostId(config.host().ip().orElse("127.0.0.1"));
  }

  /** The unix socket for users of this machine. */
  public Path socketPath() {
    return config.download().server().socketPath();
  }

  /** The port other peers and schedulers call, once started. */
  public int uploadPort() {
    return config.upload().server().port();
  }

  /** The port that serves pieces, once started. */
  public int piecePort() {
    return config.storage().server().tcpPort();
  }

  /** The port of {@code GET /metrics}, once started. */
  public int metricsPort() {
    return config.metrics().server().port();
  }

  /** The port of {@code GET /healthy}, once started. */
  public int healthPort() {
    return config.health().server().port();
  }

  /** Bytes that finished downloads delivered since the start, by where they came from. */
  public Traffic traffic() {
    return new Traffic(0, 0, 0, 0);
  }

  /**
   * Bytes delivered.
   *
   * @param cache were on this host already
   * @param peers came from other peers
   * @param seeds came from seed peers
   * @param origin were read at the origin
   */
  public record Traffic(long cache, long peers, long seeds, long origin) {}

  /** Takes no more calls, says goodbye to the schedulers, ends downloads; bounded by seconds. */
  @Override
  public void close() {}
}
