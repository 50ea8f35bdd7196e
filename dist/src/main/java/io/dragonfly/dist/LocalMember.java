package io.dragonfly.dist;

import io.dragonfly.common.config.Keys;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.daemon.Daemon;
import io.dragonfly.daemon.DaemonConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** A daemon of a {@link LocalCluster}; keeps its directory over stops and starts. */
public final class LocalMember {
  private static final Duration POLL = Duration.ofMillis(10);

  private final String name;
  private final Path directory;
  private final Path dynconfig;
  private final String address;
  private final String yaml;
  private Optional<Daemon> daemon = Optional.empty();

  LocalMember(String name, Path directory, Path dynconfig, String address, String yaml) {
    this.name = name;
    this.directory = directory;
    this.dynconfig = dynconfig;
    this.address = address;
    this.yaml = yaml;
  }

  /** The host name, too. */
  public String name() {
    return name;
  }

  public Path directory() {
    return directory;
  }

  /** The socket for users, whether the member runs or not. */
  public Path socket() {
    return directory.resolve("dfdaemon.sock");
  }

  public boolean isRunning() {
    return daemon.isPresent();
  }

  /** The daemon of a running member. */
  public Daemon daemon() {
    return daemon.orElseThrow(() -> new IllegalStateException(name + " is not running"));
  }

  /** Serves when it returns. */
  public void start() throws IOException, StartException {
    if (daemon.isPresent()) {
      throw new IllegalStateException(name + " is running");
    }
    Files.createDirectories(directory);
    Daemon started =
        new Daemon(
            LocalCluster.parse(config(), name + ".yaml", DaemonConfig.class, Keys.EXACT),
            dynconfig);
    try {
      started.start();
    } catch (StartException | RuntimeException e) {
      started.close();
      throw e;
    }
    daemon = Optional.of(started);
  }

  /**
   * Waits until the scheduler knows this member: before that it is nobody's parent, and a seed is
   * not asked to fetch.
   *
   * @return whether it is known; false after so much time, or when the member is stopped
   */
  public boolean awaitAnnounced(Duration patience) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (daemon.isPresent()) {
      if (daemon.get().announcedSchedulers() > 0) {
        return true;
      }
      if (System.nanoTime() - deadline >= 0) {
        return false;
      }
      Thread.sleep(POLL);
    }
    return false;
  }

  /** Does nothing if it is not running. */
  public void stop() {
    daemon.ifPresent(Daemon::close);
    daemon = Optional.empty();
  }

  private String config() {
    return """
    host: {hostname: "%1$s", ip: "%2$s"}
    server: {cacheDir: "%3$s/cache"}
    download: {server: {socketPath: "%3$s/dfdaemon.sock"}}
    upload: {server: {ip: "%2$s", port: 0}}
    storage: {dir: "%3$s/data", keep: true, server: {ip: "%2$s", tcpPort: 0, quicPort: 0}}
    proxy: {server: {ip: "%2$s", port: 0}}
    health: {server: {ip: "%2$s", port: 0}}
    metrics: {server: {ip: "%2$s", port: 0}}
    stats: {server: {ip: "%2$s", port: 0}}
    # What a trial stores is small beside what else may fill the disk it runs on.
    gc: {policy: {diskHighThresholdPercent: 99, diskLowThresholdPercent: 98}}
    %4$s
    """
        .formatted(name, address, escaped(directory), yaml);
  }

  private static String escaped(Path path) {
    return path.toString().replace("\\", "\\\\").replace("\"", "\\\"");
  }
}
