package io.dragonfly.daemon;

import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Keys;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.limit.FairBucket;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.common.rpc.RpcServer;
import io.dragonfly.common.telemetry.HealthServer;
import io.dragonfly.common.telemetry.MetricsServer;
import io.dragonfly.daemon.download.Downloads;
import io.dragonfly.daemon.link.Announcer;
import io.dragonfly.daemon.link.HostProbe;
import io.dragonfly.daemon.link.NetworkSampler;
import io.dragonfly.daemon.link.SchedulerSet;
import io.dragonfly.daemon.local.LocalServer;
import io.dragonfly.daemon.output.OutputRights;
import io.dragonfly.daemon.proxy.ProxyServer;
import io.dragonfly.daemon.rpc.ParentFollowing;
import io.dragonfly.daemon.rpc.SchedulerCalls;
import io.dragonfly.daemon.rpc.SchedulerLinks;
import io.dragonfly.daemon.rpc.SchedulerProbes;
import io.dragonfly.daemon.rpc.Services;
import io.dragonfly.daemon.source.Sources;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.transfer.PieceClient;
import io.dragonfly.daemon.transfer.PieceServer;
import io.dragonfly.daemon.transfer.QuicPieceServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The peer daemon, or a seed peer. The constructor only checks and wires; {@link #start} opens the
 * store, the sockets and the connections; {@link #close} undoes that in reverse. Several daemons
 * run in one process, each with a host name of its own.
 */
public final class Daemon implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(Daemon.class);

  private static final int NETWORK_THREADS = 2;

  /** Longer than the announcer takes till it knows again whether a scheduler answers. */
  private static final Duration SCHEDULER_REST = Duration.ofSeconds(45);

  private final DaemonConfig config;
  private final Path dynconfig;
  private final Blueprint plan;
  private final HostRates rates;
  private final DaemonMetrics metrics = new DaemonMetrics(version());
  private final SchedulerSet schedulers = new SchedulerSet(SCHEDULER_REST, System::nanoTime);
  private final Closer closer = new Closer();

  private volatile @Nullable PieceServer pieceServer;
  private volatile @Nullable QuicPieceServer quicServer;
  private volatile @Nullable RpcServer uploadServer;
  private volatile @Nullable ProxyServer proxyServer;
  private volatile @Nullable MetricsServer metricsServer;
  private volatile @Nullable HealthServer healthServer;

  /**
   * Wires a daemon.
   *
   * @param dynconfig the file that names the schedulers, read again and again; used when the
   *     configuration names no manager
   */
  public Daemon(DaemonConfig config, Path dynconfig) {
    this.config = config;
    this.dynconfig = dynconfig;
    plan = new Blueprint(config);
    rates = new HostRates(config);
  }

  /** A configuration from text, as it would stand in the file: for tests and demonstrations. */
  public static DaemonConfig configuration(String yaml) throws ConfigException {
    return ConfigLoader.parse(yaml, "the configuration", DaemonConfig.class, Keys.EXACT).value();
  }

  /** The version of this program, {@code dev} when it was not packaged. */
  public static String version() {
    String version = Daemon.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }

  /**
   * Serves when it returns. A scheduler or manager that is away is no failure: the daemon goes on
   * trying. After a failure the daemon is closed.
   *
   * @throws StartException for what the operator can mend: a directory, a port, a socket
   */
  public void start() throws StartException {
    try {
      open();
    } catch (IOException e) {
      closeAfter(e);
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (RuntimeException | Error e) {
      closeAfter(e);
      throw e;
    }
    logger.info(
        "event=started host={} socket={} upload_port={} piece_port={}",
        hostId(),
        socketPath(),
        uploadPort(),
        piecePort());
  }

  private void closeAfter(Throwable failure) {
    try {
      closer.close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private void open() throws IOException {
    EventLoops loops = closer.add(new EventLoops("daemon", NETWORK_THREADS));
    ScheduledExecutorService timer = timer();
    ExecutorService threads = closer.add(new BlockingThreads()).executor();
    PieceStore store = closer.add(plan.openStore());
    LocalServer local = plan.localServer(timer);
    closer.add(local);
    PieceServer pieces = closer.add(plan.pieceServer(store, rates.upload()));
    pieces.start();
    pieceServer = pieces;
    serveQuic(store, rates.upload(), loops);

    RpcChannels schedulerChannels =
        closer.add(RpcChannels.of(loops, Blueprint.clientTls(config.scheduler().tls())));
    RpcChannels managerChannels =
        closer.add(RpcChannels.of(loops, Blueprint.clientTls(config.manager().tls())));
    RpcChannels peerChannels =
        closer.add(RpcChannels.of(loops, Blueprint.clientTls(config.upload().client())));
    NetworkSampler network = new NetworkSampler(plan.ip(), () -> rates.upload().bytesPerSecond());
    HostId host = plan.host();
    Supplier<PeerId> peerIds = plan.peerIds();
    SchedulerProbes probes =
        new SchedulerProbes(schedulerChannels, timer, SchedulerProbes.Options.DEFAULTS);
    SchedulerCalls calls = new SchedulerCalls(schedulerChannels, probes, schedulers, host, peerIds);
    Announcer announcer =
        new Announcer(
            plan.schedulers(dynconfig, managerChannels, schedulerChannels, rates::fromCluster),
            schedulers,
            new HostProbe(plan.identity(), config.storage().dir(), network, this::uploadPort)::look,
            calls,
            store,
            new Announcer.Options(
                config.dynconfig().refreshInterval(), config.scheduler().announceInterval()));
    PieceClient client = closer.add(plan.pieceClient(loops));
    Sources sources = closer.add(plan.sources(metrics.origins()));
    Downloads downloads =
        closer.add(
            new Downloads(
                new Downloads.Surroundings(
                    store,
                    client,
                    sources,
                    new SchedulerLinks(
                        probes,
                        schedulers,
                        announcer,
                        host,
                        this::piecePort,
                        plan.isQuic(),
                        timer,
                        new SchedulerLinks.Options(
                            config.scheduler().scheduleTimeout(),
                            config.scheduler().maxScheduleCount())),
                    new ParentFollowing(
                        peerChannels,
                        host,
                        plan.isQuic(),
                        config.download().collectedPieceTimeout(),
                        timer),
                    peerIds,
                    Services::withoutCredentials,
                    rates.downloads(),
                    metrics,
                    plan.fetchLimits()),
                plan.downloadOptions()));
    Services services =
        new Services(
            new Services.Surroundings(
                host,
                store,
                downloads,
                metrics::isDownloading,
                calls,
                network,
                config.seedPeer().enable(),
                plan.ip(),
                this::piecePort,
                this::quicPort,
                timer,
                threads,
                metrics,
                config.download().contentMemory().bytes(),
                config.download().pieceTimeout()));
    serve(loops, services, local, downloads);
    ProxyServer proxy =
        closer.add(
            new ProxyServer(
                plan.proxyOptions(),
                loops,
                new ProxyDownloads(downloads, metrics),
                sources,
                closer.add(plan.passage()),
                metrics.proxy(),
                new ProxyAuthority(config)));
    proxy.start();
    proxyServer = proxy;
    metrics.observe(store, pieces, this::quicBytes, config.storage().dir());
    closer.add(announcer);
    closer.add(local);
    serveTelemetry();
    Upkeep upkeep = closer.add(new Upkeep(timer));
    upkeep.collectGarbage(store, config.gc().policy().forStore(), config.gc().interval(), threads);
    upkeep.cool(store, config.gc().policy().pageCacheIdleTimeout(), threads);
    if (config.storage().scrubRate().bytes() > 0) {
      closer.add(plan.scrubber(store)).start();
    }
    if (IdleMemory.isNeeded()) {
      upkeep.giveMemoryBack(metrics, downloads, pieces, client);
    }
    announcer.start();
  }

  /** Without it, parents and children use TCP, as nearly all do. */
  private void serveQuic(PieceStore store, FairBucket upload, EventLoops loops) throws IOException {
    Optional<QuicPieceServer> server = plan.quicServer(store, upload, loops);
    if (server.isEmpty()) {
      logger.warn("event=no_quic why=\"no native library for this machine\"");
      return;
    }
    try {
      closer.add(server.get()).start();
      quicServer = server.get();
    } catch (IOException e) {
      logger.warn("event=no_quic why=\"{}\"", e.getMessage());
    }
  }

  private void serve(EventLoops loops, Services services, LocalServer local, Downloads downloads)
      throws IOException {
    OutputRights rights = new OutputRights(local.owner());
    RpcServer upload =
        services.uploadServer(
            loops,
            plan.bind(config.upload().server().ip(), config.upload().server().port()),
            Blueprint.serverTls(config.upload().server().tls()),
            new Services.Rate(
                config.upload().server().requestRateLimit(),
                config.upload().server().requestBufferSize()),
            config.upload().server().allowOutputPath());
    closer.add(upload).start();
    uploadServer = upload;
    RpcServer users =
        services.localServer(
            loops,
            local.address(),
            local.channels(),
            new Services.Rate(
                config.download().server().requestRateLimit(),
                config.download().server().requestBufferSize()),
            rights);
    closer.add(users).start();
    local.start(new UserDownloads(downloads, metrics, plan.host()), rights);
  }

  private void serveTelemetry() throws IOException {
    MetricsServer forMetrics =
        closer.add(
            MetricsServer.resettable(
                plan.bind(config.metrics().server().ip(), config.metrics().server().port()),
                metrics.metrics()));
    forMetrics.start();
    metricsServer = forMetrics;
    HealthServer forHealth =
        closer.add(
            new HealthServer(
                plan.bind(config.health().server().ip(), config.health().server().port())));
    forHealth.start();
    healthServer = forHealth;
  }

  private ScheduledExecutorService timer() {
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("daemon-timer").factory());
    // What waits for minutes must not be kept after it was cancelled.
    timer.setRemoveOnCancelPolicy(true);
    closer.add(timer::shutdownNow);
    return timer;
  }

  /**
   * Takes over what may change while it runs: the rate limits. What else differs from the
   * configuration it started with waits for the next start, and is named in the log.
   */
  public void reconfigure(DaemonConfig next) {
    rates.fromFile(next);
    logger.info("event=reconfigured next_start={}", ConfigChanges.waiting(config, next));
  }

  /** What this host is called in the cluster. */
  public HostId hostId() {
    return plan.host();
  }

  /** The unix socket for users of this machine. */
  public Path socketPath() {
    return config.download().server().socketPath();
  }

  /** The port other peers and schedulers call, once started. */
  public int uploadPort() {
    return started(uploadServer).port();
  }

  /** The port that serves pieces, once started. */
  public int piecePort() {
    return started(pieceServer).port();
  }

  /** The port that serves pieces over QUIC, once started; 0 where nothing does. */
  public int quicPort() {
    QuicPieceServer server = quicServer;
    return server == null ? 0 : server.port();
  }

  private long quicBytes() {
    QuicPieceServer server = quicServer;
    return server == null ? 0 : server.bytes();
  }

  /** The port of the registry mirror and the forward proxy, once started. */
  public int proxyPort() {
    return started(proxyServer).port();
  }

  /** The port of {@code GET /metrics}, once started. */
  public int metricsPort() {
    return started(metricsServer).port();
  }

  /** The port of {@code GET /healthy}, once started. */
  public int healthPort() {
    return started(healthServer).port();
  }

  private static <T> T started(@Nullable T server) {
    if (server == null) {
      throw new IllegalStateException("the daemon has not been started");
    }
    return server;
  }

  /** Schedulers that know this host. */
  public int announcedSchedulers() {
    return (int) schedulers.all().stream().filter(schedulers::isAnnounced).count();
  }

  /** Bytes of pieces since the start, by where they came from. */
  public Traffic traffic() {
    return metrics.traffic();
  }

  /**
   * Bytes of pieces, each counted once however many downloads waited for it.
   *
   * @param cache were on this host already, and were given to a download that finished
   * @param peers came from other peers
   * @param seeds came from seed peers
   * @param origin were read at the origin
   */
  public record Traffic(long cache, long peers, long seeds, long origin) {}

  /** Takes no more calls, says goodbye to the schedulers, ends downloads; bounded by seconds. */
  @Override
  public void close() {
    closer.close();
  }

  /** Virtual threads for work that blocks; those that still work at the end are interrupted. */
  private static final class BlockingThreads implements AutoCloseable {
    private final ExecutorService executor =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("daemon-work-", 1).factory());

    ExecutorService executor() {
      return executor;
    }

    @Override
    public void close() {
      executor.shutdownNow();
      try {
        if (!executor.awaitTermination(5, TimeUnit.SECONDS)) {
          logger.warn("event=work_not_ended");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
