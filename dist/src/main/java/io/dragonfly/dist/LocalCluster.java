package io.dragonfly.dist;

import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Keys;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.scheduler.Scheduler;
import io.dragonfly.scheduler.SchedulerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A whole cluster in one JVM, on loopback: a scheduler, seeds and peers, each a daemon of its own
 * with its own host name, directory, socket and ports that the system chooses.
 *
 * <pre>
 * DIR/dynconfig.yaml         names the scheduler to all daemons
 * DIR/MEMBER/dfdaemon.sock   the socket for users of that member
 * DIR/MEMBER/data            its store
 * </pre>
 *
 * <p>Members can be stopped and started again; they keep their stores. Not safe for use by several
 * threads at once.
 */
public final class LocalCluster implements AutoCloseable {
  private static final String ADDRESS = "127.0.0.1";

  private final Path directory;
  private final Path dynconfig;
  private final List<LocalMember> seeds = new ArrayList<>();
  private final List<LocalMember> peers = new ArrayList<>();
  private Optional<Scheduler> scheduler = Optional.empty();
  private int schedulerPort;

  /**
   * @param directory where everything goes; must exist and be short enough for sockets below it
   */
  public LocalCluster(Path directory) {
    this.directory = directory.toAbsolutePath();
    this.dynconfig = this.directory.resolve("dynconfig.yaml");
  }

  /** Starts a scheduler, one seed and so many peers: {@code seed-1}, {@code peer-1}, ... */
  public static LocalCluster start(Path directory, int peers) throws IOException, StartException {
    LocalCluster cluster = new LocalCluster(directory);
    try {
      cluster.startScheduler();
      cluster.addSeed("seed-1", "").start();
      for (int i = 1; i <= peers; i++) {
        cluster.addPeer("peer-" + i, "").start();
      }
      return cluster;
    } catch (IOException | StartException | RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  /** Starts the scheduler; after a stop on the port it had before. */
  public void startScheduler() throws IOException, StartException {
    if (scheduler.isPresent()) {
      throw new IllegalStateException("the scheduler is running");
    }
    String yaml =
        """
        server: {listenIP: %s, advertiseIP: %s, port: %d}
        """
            .formatted(ADDRESS, ADDRESS, schedulerPort);
    SchedulerConfig config = parse(yaml, "scheduler.yaml", SchedulerConfig.class, Keys.ANY_CASE);
    Scheduler started = new Scheduler(config, Optional.empty());
    try {
      started.start();
    } catch (IOException | RuntimeException e) {
      started.close();
      throw e;
    }
    scheduler = Optional.of(started);
    schedulerPort = started.port();
    join(List.of(new HostPort(ADDRESS, schedulerPort)));
  }

  /** Names the schedulers to all daemons, instead of one that is started here. */
  public void join(List<HostPort> schedulers) throws IOException {
    String addresses =
        schedulers.stream().map(address -> "\"" + address + "\"").collect(Collectors.joining(", "));
    Files.writeString(
        dynconfig,
        """
        scheduler:
          addrs: [%s]
        """
            .formatted(addresses));
  }

  /** Stops the scheduler, as if its machine had gone. Does nothing if it is not running. */
  public void stopScheduler() {
    scheduler.ifPresent(Scheduler::close);
    scheduler = Optional.empty();
  }

  /** The scheduler's port, once it was started. */
  public int schedulerPort() {
    return schedulerPort;
  }

  /** The running scheduler. */
  public Optional<Scheduler> scheduler() {
    return scheduler;
  }

  /**
   * Adds a seed, not started.
   *
   * @param yaml lines of dfdaemon.yaml for sections other than those a member needs; may be empty
   */
  public LocalMember addSeed(String name, String yaml) {
    LocalMember member = member(name, "seedPeer: {enable: true, type: super}\n" + yaml);
    seeds.add(member);
    return member;
  }

  /** Adds a peer, not started; {@code yaml} as for {@link #addSeed}. */
  public LocalMember addPeer(String name, String yaml) {
    LocalMember member = member(name, yaml);
    peers.add(member);
    return member;
  }

  private LocalMember member(String name, String yaml) {
    return new LocalMember(name, directory.resolve(name), dynconfig, ADDRESS, yaml);
  }

  public List<LocalMember> seeds() {
    return List.copyOf(seeds);
  }

  public List<LocalMember> peers() {
    return List.copyOf(peers);
  }

  /** Stops everything; the directory stays. */
  @Override
  public void close() {
    for (LocalMember peer : peers) {
      peer.stop();
    }
    for (LocalMember seed : seeds) {
      seed.stop();
    }
    stopScheduler();
  }

  static <T> T parse(String yaml, String name, Class<T> type, Keys keys) throws StartException {
    try {
      return ConfigLoader.parse(yaml, name, type, keys).value();
    } catch (ConfigException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }
}
