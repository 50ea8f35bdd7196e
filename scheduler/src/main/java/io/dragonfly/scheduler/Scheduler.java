package io.dragonfly.scheduler;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A scheduler. The constructor wires, {@link #start} opens the sockets, {@link #close} undoes it.
 */
public final class Scheduler implements AutoCloseable {
  private final SchedulerConfig config;
  private final Optional<Path> dynconfig;

  /**
   * A scheduler that is not started.
   *
   * @param dynconfig the local file with the dynamic configuration (made with the defaults when it
   *     is missing); empty: the defaults, no file
   */
  public Scheduler(SchedulerConfig config, Optional<Path> dynconfig) {
    this.config = config;
    this.dynconfig = dynconfig;
  }

  /** Opens the sockets; the scheduler serves when this returns. */
  public void start() throws IOException {
    if (config.server().port() >= 0 || dynconfig.isPresent()) {
      throw new UnsupportedOperationException("start");
    }
  }

  /** The port of the gRPC server, once started. */
  public int port() {
    if (config.server().port() >= 0) {
      throw new UnsupportedOperationException("port");
    }
    return 0;
  }

  /** The port of {@code GET /metrics}, when it is enabled and started. */
  public OptionalInt metricsPort() {
    return OptionalInt.empty();
  }

  @Override
  public void close() {}
}
