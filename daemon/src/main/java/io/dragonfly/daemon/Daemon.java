package io.dragonfly.daemon;

import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Keys;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.lifecycle.StartException;
import io.dragonfly.common.limit.TokenBucket;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.common.rpc.RpcServer;
import io.dragonfly.common.telemetry.HealthServer;
import io.dragonfly.common.telemetry.MetricsServer;
import io.dragonfly.common.tls.Identity;
import io.dragonfly.common.tls.TlsContexts;
import io.dragonfly.common.tls.TlsException;
import io.dragonfly.daemon.download.DownloadOptions;
import io.dragonfly.daemon.download.Downloads;
import io.dragonfly.daemon.link.Announcer;
import io.dragonfly.daemon.link.HostProbe;
import io.dragonfly.daemon.link.NetworkSampler;
import io.dragonfly.daemon.link.SchedulerFile;
import io.dragonfly.daemon.link.SchedulerSet;
import io.dragonfly.daemon.link.SchedulerSource;
import io.dragonfly.daemon.local.LocalServer;
import io.dragonfly.daemon.output.OutputRights;
import io.dragonfly.daemon.rpc.ManagerSchedulers;
import io.dragonfly.daemon.rpc.ParentFollowing;
import io.dragonfly.daemon.rpc.SchedulerCalls;
import io.dragonfly.daemon.rpc.SchedulerLinks;
import io.dragonfly.daemon.rpc.SchedulerProbes;
import io.dragonfly.daemon.rpc.Services;
import io.dragonfly.daemon.source.SourceOptions;
import io.dragonfly.daemon.source.Sources;
import io.dragonfly.daemon.storage.GcPolicy;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.transfer.FetchLimits;
import io.dragonfly.daemon.transfer.PieceClient;
import io.dragonfly.daemon.transfer.PieceClientOptions;
import io.dragonfly.daemon.transfer.PieceServer;
import io.dragonfly.daemon.transfer.PieceServerOptions;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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
  private static final Duration LONGEST_REDIRECT = Duration.ofDays(1);
  private static final int SMALLEST_BUFFER = 64 << 10;
  private static final int LARGEST_BUFFER = 16 << 20;
  private static final Duration FIRST_BYTE = Duration.ofSeconds(10);
  private static final Duration IDLE_LOOK = Duration.ofSeconds(5);

  /** Longer than the announcer takes till it knows again whether a scheduler answers. */
  private static final Duration SCHEDULER_REST = Duration.ofSeconds(45);

  private final DaemonConfig config;
  private final Path dynconfig;
  private final DaemonMetrics metrics = new DaemonMetrics(version());
  private final SchedulerSet schedulers = new SchedulerSet(SCHEDULER_REST, System::nanoTime);
  private final Closer closer = new Closer();
  private final String hostname;
  private final String ip;
  private final HostId host;

  private volatile @Nullable PieceServer pieceServer;
  private volatile @Nullable RpcServer uploadServer;
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
    hostname = config.host().hostname().orElseGet(HostProbe::localHostname);
    ip = config.host().ip().orElseGet(() -> HostProbe.localAddress(config.network().enableIpv6()));
    host = HostId.of(ip, hostname, config.seedPeer().enable());
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
        host,
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
    PieceStore store = closer.add(openStore());
    LocalServer local = localServer(timer);
    closer.add(local);
    PieceServer pieces = pieceServer(store);

    RpcChannels schedulerChannels =
        closer.add(RpcChannels.of(loops, clientTls(config.scheduler().tls())));
    RpcChannels managerChannels =
        closer.add(RpcChannels.of(loops, clientTls(config.manager().tls())));
    RpcChannels peerChannels =
        closer.add(RpcChannels.of(loops, clientTls(config.upload().client())));
    NetworkSampler network = new NetworkSampler(ip, config.upload().bandwidthLimit().bytes());
    SecureRandom random = new SecureRandom();
    boolean seed = config.seedPeer().enable();
    Supplier<PeerId> peerIds = () -> PeerId.random(ip, hostname, seed, random);
    SchedulerProbes probes =
        new SchedulerProbes(schedulerChannels, timer, SchedulerProbes.Options.DEFAULTS);
    SchedulerCalls calls = new SchedulerCalls(schedulerChannels, probes, schedulers, host, peerIds);
    Announcer announcer =
        new Announcer(
            source(managerChannels, schedulerChannels),
            schedulers,
            new HostProbe(identity(), config.storage().dir(), network, this::uploadPort)::look,
            calls,
            store,
            new Announcer.Options(
                config.dynconfig().refreshInterval(),
                config.scheduler().announceInterval(),
                Announcer.Options.DEFAULT_HOLDINGS_PER_SECOND));
    PieceClient client = closer.add(pieceClient());
    Downloads downloads =
        closer.add(
            new Downloads(
                new Downloads.Surroundings(
                    store,
                    client,
                    closer.add(sources()),
                    new SchedulerLinks(
                        probes,
                        schedulers,
                        announcer,
                        host,
                        timer,
                        new SchedulerLinks.Options(
                            config.scheduler().scheduleTimeout(),
                            config.scheduler().maxScheduleCount())),
                    new ParentFollowing(
                        peerChannels, host, config.download().collectedPieceTimeout(), timer),
                    peerIds,
                    Services::withoutCredentials,
                    TokenBucket.ofRate(config.download().bandwidthLimit().bytes()),
                    TokenBucket.ofRate(config.download().backToSourceBandwidthLimit().bytes()),
                    fetchLimits()),
                DownloadOptions.DEFAULTS
                    .withConcurrentPieces(config.download().concurrentPieceCount())
                    .withOriginAnswers(2 * (1 + config.backend().maxRetries()))));
    Services services =
        new Services(
            new Services.Surroundings(
                host,
                store,
                downloads,
                metrics::isDownloading,
                calls,
                network,
                ip,
                this::piecePort,
                timer,
                threads,
                metrics,
                config.download().contentMemory().bytes(),
                config.download().pieceTimeout()));
    serve(loops, services, local, downloads);
    metrics.observe(store, pieces, config.storage().dir());
    closer.add(announcer);
    closer.add(local);
    serveTelemetry();
    collectGarbage(timer, threads, store);
    if (IdleMemory.isNeeded()) {
      giveMemoryBack(timer, downloads, pieces, client);
    }
    announcer.start();
  }

  private void serve(EventLoops loops, Services services, LocalServer local, Downloads downloads)
      throws IOException {
    OutputRights rights = new OutputRights(local.owner());
    RpcServer upload =
        services.uploadServer(
            loops,
            bind(config.upload().server().ip(), config.upload().server().port()),
            serverTls(config.upload().server().tls()),
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
    local.start(new UserDownloads(downloads, metrics, host), rights);
  }

  private void serveTelemetry() throws IOException {
    MetricsServer forMetrics =
        closer.add(
            MetricsServer.resettable(
                bind(config.metrics().server().ip(), config.metrics().server().port()),
                metrics.metrics()));
    forMetrics.start();
    metricsServer = forMetrics;
    HealthServer forHealth =
        closer.add(
            new HealthServer(bind(config.health().server().ip(), config.health().server().port())));
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

  private PieceStore openStore() throws IOException {
    return PieceStore.open(
        config.storage().dir(),
        StoreOptions.defaults()
            .withKeep(config.storage().keep())
            .withQuotaBytes(config.gc().policy().diskThreshold().bytes()),
        Clock.systemUTC());
  }

  private LocalServer localServer(ScheduledExecutorService timer) throws IOException {
    DaemonConfig.DownloadServer server = config.download().server();
    return new LocalServer(
        new LocalServer.Options(
            server.socketPath(),
            server.socketMode(),
            server.socketGroup(),
            FIRST_BYTE,
            config.download().pieceTimeout()),
        timer);
  }

  private PieceServer pieceServer(PieceStore store) throws IOException {
    PieceServer server =
        closer.add(
            new PieceServer(
                store,
                PieceServerOptions.on(
                        bind(config.storage().server().ip(), config.storage().server().tcpPort()))
                    .withUploadBytesPerSecond(config.upload().bandwidthLimit().bytes())
                    .withBufferBytes(bufferBytes(config.storage().readBufferSize()))));
    server.start();
    pieceServer = server;
    return server;
  }

  private PieceClient pieceClient() {
    return new PieceClient(
        PieceClientOptions.defaults()
            .withDownloadBytesPerSecond(config.download().bandwidthLimit().bytes())
            .withBufferBytes(bufferBytes(config.storage().writeBufferSize())));
  }

  /** Upstream allows any size; too small ones cost time and too large ones memory. */
  private static int bufferBytes(int configured) {
    return Math.clamp(configured, SMALLEST_BUFFER, LARGEST_BUFFER);
  }

  private Sources sources() throws IOException {
    SourceOptions defaults = SourceOptions.defaults();
    var options =
        SourceOptions.builder()
            .requestHeaders(config.backend().requestHeader())
            .maxRetries(0) // the download of a task has one budget for all its requests
            .headerTimeout(shorter(defaults.headerTimeout(), config.download().pieceTimeout()))
            .stallTimeout(shorter(defaults.stallTimeout(), config.storage().writePieceTimeout()))
            .cacheRedirects(config.backend().enableCacheTemporaryRedirect())
            .redirectTtl(shorter(config.backend().cacheTemporaryRedirectTtl(), LONGEST_REDIRECT));
    Optional<Path> authorities = config.backend().caCert();
    if (authorities.isPresent()) {
      try {
        options.caCertificates(authorities.get());
      } catch (IOException e) {
        throw new IOException(
            "backend.caCert: cannot use " + authorities.get() + ": " + e.getMessage(), e);
      }
    }
    return Sources.of(options.build(), metrics.origins());
  }

  /** A parent that does not answer is given up sooner than the configuration would allow. */
  private FetchLimits fetchLimits() {
    FetchLimits defaults = FetchLimits.defaults();
    Duration head = config.download().pieceTimeout();
    Duration body = config.storage().writePieceTimeout();
    return new FetchLimits(
        shorter(defaults.connect(), head),
        shorter(defaults.firstByte(), head),
        shorter(defaults.stall(), shorter(head, body)),
        defaults.minimumBytesPerSecond());
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  private HostProbe.Identity identity() {
    return new HostProbe.Identity(
        host,
        config.seedPeer().enable() ? config.seedPeer().hostType() : 0,
        hostname,
        ip,
        config.host().idc(),
        config.host().location(),
        config.host().schedulerClusterId(),
        config.upload().disableShared(),
        version());
  }

  private SchedulerSource source(RpcChannels managerChannels, RpcChannels schedulerChannels)
      throws IOException {
    Optional<String> manager = config.manager().addr();
    if (manager.isEmpty()) {
      return new SchedulerFile(dynconfig);
    }
    HostPort address;
    try {
      address = ManagerSchedulers.address(manager.get());
    } catch (IllegalArgumentException e) {
      throw new IOException("manager.addr: " + e.getMessage(), e);
    }
    if (manager.get().startsWith("https:") && !config.manager().tls().isComplete()) {
      throw new IOException(
          "manager.addr begins with https, so manager.caCert, cert and key are needed: set them,"
              + " or write http");
    }
    return new ManagerSchedulers(
        managerChannels,
        schedulerChannels,
        address,
        new ManagerSchedulers.Client(
            config.seedPeer().enable(),
            hostname,
            ip,
            config.host().idc(),
            config.host().location(),
            version(),
            config.host().schedulerClusterId()));
  }

  private InetSocketAddress bind(Optional<String> configured, int port) throws IOException {
    InetSocketAddress address =
        new InetSocketAddress(configured.orElse(config.defaultBindAddress()), port);
    if (address.isUnresolved()) {
      throw new IOException(
          "The address " + address.getHostString() + " to listen on is not one of this machine");
    }
    return address;
  }

  private static Optional<SslContext> serverTls(DaemonConfig.Tls tls) throws TlsException {
    if (tls.caCert().isEmpty() || tls.cert().isEmpty() || tls.key().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        TlsContexts.server(tls.caCert().get(), new Identity(tls.cert().get(), tls.key().get())));
  }

  private static Optional<SslContext> clientTls(DaemonConfig.Tls tls) throws TlsException {
    if (tls.caCert().isEmpty() || tls.cert().isEmpty() || tls.key().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        TlsContexts.client(
            tls.caCert().get(),
            Optional.of(new Identity(tls.cert().get(), tls.key().get())),
            TlsContexts.HostNames.IGNORED));
  }

  private void collectGarbage(
      ScheduledExecutorService timer, ExecutorService threads, PieceStore store) {
    GcPolicy policy = config.gc().policy().forStore();
    AtomicBoolean running = new AtomicBoolean();
    Runnable collection =
        () -> {
          if (running.compareAndSet(false, true)) {
            threads.execute(() -> collect(store, policy, running));
          }
        };
    every(timer, config.gc().interval(), collection);
  }

  private void giveMemoryBack(
      ScheduledExecutorService timer, Downloads downloads, PieceServer pieces, PieceClient client) {
    IdleMemory idle =
        new IdleMemory(
            () -> {
              PieceServer.Activity serving = pieces.activity();
              // A caller may still be taking what has long been downloaded.
              boolean busy =
                  metrics.isDownloading() || downloads.active() > 0 || serving.uploading() > 0;
              return new IdleMemory.Work(busy, downloads.started() + serving.bytes());
            },
            () -> {
              client.forgetBuffers();
              System.gc();
            });
    every(timer, IDLE_LOOK, () -> idle.look(System.nanoTime()));
  }

  private void every(ScheduledExecutorService timer, Duration interval, Runnable work) {
    var schedule =
        timer.scheduleWithFixedDelay(work, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
    closer.add(() -> schedule.cancel(false));
  }

  private static void collect(PieceStore store, GcPolicy policy, AtomicBoolean running) {
    try {
      var collected = store.collect(policy, Clock.systemUTC().instant());
      if (collected.freedBytes() > 0) {
        logger.info(
            "event=collected expired={} evicted={} freed_bytes={}",
            collected.expired().size(),
            collected.evicted().size(),
            collected.freedBytes());
      }
    } catch (RuntimeException e) {
      logger.error("event=collection_failed", e);
    } finally {
      running.set(false);
    }
  }

  /** What this host is called in the cluster. */
  public HostId hostId() {
    return host;
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

  /** Bytes that finished downloads delivered since the start, by where they came from. */
  public Traffic traffic() {
    return metrics.traffic();
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
