package io.dragonfly.scheduler;

import static java.util.Objects.requireNonNullElse;

import io.dragonfly.common.telemetry.LogOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The scheduler's configuration file, upstream's keys and defaults. Keys are matched without regard
 * to case. Every section and key may be absent; what is absent has the default shown in its
 * section.
 *
 * @param console logs to the console instead of to files; default false
 */
public record SchedulerConfig(
    Boolean console,
    Integer pprofPort,
    Map<String, Object> tracing,
    Server server,
    Scheduling scheduler,
    Map<String, Object> database,
    DynConfig dynConfig,
    Host host,
    Manager manager,
    SeedPeer seedPeer,
    Map<String, Object> peer,
    Map<String, Object> job,
    Metrics metrics,
    Network network) {

  /** Upstream's default port of the scheduler. */
  public static final int DEFAULT_PORT = 8002;

  @SuppressWarnings("NullAway") // absent keys take their defaults in the compact constructors
  public SchedulerConfig {
    console = requireNonNullElse(console, false);
    pprofPort = requireNonNullElse(pprofPort, -1);
    tracing = orEmpty(tracing);
    server = server == null ? Server.defaults() : server;
    scheduler = scheduler == null ? Scheduling.defaults() : scheduler;
    database = orEmpty(database);
    dynConfig = dynConfig == null ? new DynConfig(null) : dynConfig;
    host = host == null ? new Host(null, null) : host;
    manager = manager == null ? new Manager(null, null, null, null) : manager;
    seedPeer = seedPeer == null ? new SeedPeer(null, null) : seedPeer;
    peer = orEmpty(peer);
    job = orEmpty(job);
    metrics = metrics == null ? new Metrics(null, null, null) : metrics;
    network = network == null ? new Network(null) : network;
  }

  /** What an empty file means. */
  @SuppressWarnings("NullAway") // absent sections take their defaults in the compact constructor
  public static SchedulerConfig defaults() {
    return new SchedulerConfig(
        null, null, null, null, null, null, null, null, null, null, null, null, null, null);
  }

  /** A scheduler for tests and demonstrations: 127.0.0.1, a free port, no metrics port. */
  @SuppressWarnings("NullAway") // absent keys take their defaults in the compact constructor
  public static SchedulerConfig loopback() {
    return defaults()
        .withServer(
            new Server(
                "127.0.0.1",
                0,
                "127.0.0.1",
                0,
                "localhost",
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null));
  }

  /** This configuration with another server section. */
  public SchedulerConfig withServer(Server other) {
    return new SchedulerConfig(
        console, pprofPort, tracing, other, scheduler, database, dynConfig, host, manager, seedPeer,
        peer, job, metrics, network);
  }

  /** This configuration with another metrics section. */
  public SchedulerConfig withMetrics(Metrics other) {
    return new SchedulerConfig(
        console, pprofPort, tracing, server, scheduler, database, dynConfig, host, manager,
        seedPeer, peer, job, other, network);
  }

  /** This configuration with another scheduling section. */
  public SchedulerConfig withScheduler(Scheduling other) {
    return new SchedulerConfig(
        console, pprofPort, tracing, server, other, database, dynConfig, host, manager, seedPeer,
        peer, job, metrics, network);
  }

  /**
   * Keys of upstream's that are written and change nothing here, by YAML path: each with the
   * reason, for one line in the log.
   */
  List<String> keysWithoutEffect() {
    List<String> keys = new ArrayList<>();
    if (pprofPort() >= 0) {
      keys.add("pprofPort");
    }
    tracing.keySet().stream().sorted().map(key -> "tracing." + key).forEach(keys::add);
    database.keySet().stream().sorted().map(key -> "database." + key).forEach(keys::add);
    peer.keySet().stream().sorted().map(key -> "peer." + key).forEach(keys::add);
    job.keySet().stream().sorted().map(key -> "job." + key).forEach(keys::add);
    server.keysWithoutEffect(keys);
    scheduler.keysWithoutEffect(keys);
    if (host.idc() != null) {
      keys.add("host.idc");
    }
    if (host.location() != null) {
      keys.add("host.location");
    }
    if (seedPeer.taskDownloadTimeout() != null) {
      keys.add("seedPeer.taskDownloadTimeout");
    }
    return List.copyOf(keys);
  }

  private static Map<String, Object> orEmpty(@Nullable Map<String, Object> section) {
    return section == null ? Map.of() : section;
  }

  /**
   * Where the scheduler listens and logs.
   *
   * @param advertiseIP default: the first address of this machine that is not loopback
   * @param listenIP default 0.0.0.0, or :: with network.enableIPv6
   * @param port default 8002; 0 takes a free one
   * @param requestRateLimit new calls and streams per second; default 4000, 0 or less: no limit
   * @param logMaxSize MB of one log file; default 1024
   */
  public record Server(
      @Nullable String advertiseIP,
      @Nullable Integer advertisePort,
      @Nullable String listenIP,
      Integer port,
      @Nullable String host,
      @Nullable Tls tls,
      Integer requestRateLimit,
      @Nullable String logDir,
      @Nullable String pluginDir,
      String logLevel,
      Integer logMaxSize,
      @Nullable Integer logMaxAge,
      Integer logMaxBackups) {

    public Server {
      port = requireNonNullElse(port, DEFAULT_PORT);
      if (port < 0 || port > 65535) {
        throw new IllegalArgumentException("port is " + port + ", allowed is 0..65535");
      }
      requestRateLimit = requireNonNullElse(requestRateLimit, 4000);
      logLevel = requireNonNullElse(logLevel, "info");
      try {
        LogOptions.LogLevel.parse(logLevel);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("logLevel: " + e.getMessage(), e);
      }
      logMaxSize = requireNonNullElse(logMaxSize, 1024);
      logMaxBackups = requireNonNullElse(logMaxBackups, 20);
    }

    @SuppressWarnings("NullAway") // absent keys take their defaults in the compact constructor
    static Server defaults() {
      return new Server(
          null, null, null, null, null, null, null, null, null, null, null, null, null);
    }

    private void keysWithoutEffect(List<String> keys) {
      // They name this scheduler to a manager; there is none yet.
      if (advertiseIP != null) {
        keys.add("server.advertiseIP");
      }
      if (advertisePort != null) {
        keys.add("server.advertisePort");
      }
      if (host != null) {
        keys.add("server.host");
      }
      if (pluginDir != null) {
        keys.add("server.pluginDir");
      }
      if (logMaxAge != null) {
        keys.add("server.logMaxAge");
      }
    }
  }

  /** PEM files. Both sides show a certificate of the same authority. */
  public record Tls(@Nullable String caCert, @Nullable String cert, @Nullable String key) {}

  /**
   * How parents are chosen and what is forgotten when. The retry keys have no effect: a waiting
   * peer is woken by what helps it, it does not poll.
   */
  public record Scheduling(
      @Nullable String algorithm,
      @Nullable Integer backToSourceCount,
      @Nullable Integer retryBackToSourceLimit,
      @Nullable Integer retryLimit,
      @Nullable Duration retryInterval,
      Gc gc) {

    public Scheduling {
      gc = gc == null ? Gc.defaults() : gc;
    }

    @SuppressWarnings("NullAway") // an absent section takes its defaults in the compact constructor
    static Scheduling defaults() {
      return new Scheduling(null, null, null, null, null, null);
    }

    private void keysWithoutEffect(List<String> keys) {
      if (algorithm != null && !algorithm.equals("default")) {
        keys.add("scheduler.algorithm");
      }
      if (backToSourceCount != null) {
        keys.add("scheduler.backToSourceCount");
      }
      if (retryBackToSourceLimit != null) {
        keys.add("scheduler.retryBackToSourceLimit");
      }
      if (retryLimit != null) {
        keys.add("scheduler.retryLimit");
      }
      if (retryInterval != null) {
        keys.add("scheduler.retryInterval");
      }
    }
  }

  /**
   * When peers, tasks and hosts are forgotten.
   *
   * @param pieceDownloadTimeout an unfinished peer without a new piece; default 30m
   * @param peerGCInterval how often is looked; default 10s
   * @param peerTTL a finished peer that nobody used; default 24h
   * @param taskGCInterval a task without peers is kept at most this long; default 30m
   * @param hostTTL a host that announced no interval; default 1h
   */
  public record Gc(
      Duration pieceDownloadTimeout,
      Duration peerGCInterval,
      Duration peerTTL,
      Duration taskGCInterval,
      Duration hostGCInterval,
      Duration hostTTL) {

    public Gc {
      pieceDownloadTimeout = orDefault(pieceDownloadTimeout, Duration.ofMinutes(30));
      peerGCInterval = orDefault(peerGCInterval, Duration.ofSeconds(10));
      peerTTL = orDefault(peerTTL, Duration.ofHours(24));
      taskGCInterval = orDefault(taskGCInterval, Duration.ofMinutes(30));
      hostGCInterval = orDefault(hostGCInterval, Duration.ofMinutes(5));
      hostTTL = orDefault(hostTTL, Duration.ofHours(1));
    }

    @SuppressWarnings("NullAway") // absent keys take their defaults in the compact constructor
    static Gc defaults() {
      return new Gc(null, null, null, null, null, null);
    }
  }

  /** {@code refreshInterval}: how often the dynamic configuration is read again; default 1m. */
  public record DynConfig(Duration refreshInterval) {
    public DynConfig {
      refreshInterval = orDefault(refreshInterval, Duration.ofMinutes(1));
    }
  }

  /** Where this scheduler stands; of use to a manager only. */
  public record Host(@Nullable String idc, @Nullable String location) {}

  /** The manager. Not used yet: the dynamic configuration is read from a local file. */
  public record Manager(
      @Nullable String addr,
      @Nullable Tls tls,
      Long schedulerClusterID,
      @Nullable Map<String, Object> keepAlive) {

    public Manager {
      schedulerClusterID = requireNonNullElse(schedulerClusterID, 1L);
    }

    /** The address of the manager, when one is configured. */
    public Optional<String> address() {
      return Optional.ofNullable(addr).filter(address -> !address.isBlank());
    }
  }

  /** How seeds are called. */
  public record SeedPeer(@Nullable Tls tls, @Nullable Duration taskDownloadTimeout) {}

  /** {@code GET /metrics}; default off, on port 8000 of every address. */
  public record Metrics(Boolean enable, String addr, Boolean enableHost) {
    public Metrics {
      enable = requireNonNullElse(enable, false);
      addr = requireNonNullElse(addr, ":8000");
      enableHost = requireNonNullElse(enableHost, false);
    }
  }

  /** {@code enableIPv6}: listen on :: when no listenIP is given; default false. */
  public record Network(Boolean enableIPv6) {
    public Network {
      enableIPv6 = requireNonNullElse(enableIPv6, false);
    }
  }

  private static Duration orDefault(@Nullable Duration value, Duration otherwise) {
    if (value == null) {
      return otherwise;
    }
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException("duration is " + value + ", it has to be above zero");
    }
    return value;
  }
}
