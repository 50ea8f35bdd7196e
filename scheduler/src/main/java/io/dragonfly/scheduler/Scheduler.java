package io.dragonfly.scheduler;

import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.lifecycle.BuildInfo;
import io.dragonfly.common.lifecycle.Closer;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.CallMetrics;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.common.rpc.RpcServer;
import io.dragonfly.common.telemetry.Label;
import io.dragonfly.common.telemetry.Metrics;
import io.dragonfly.common.telemetry.MetricsServer;
import io.dragonfly.common.tls.Identity;
import io.dragonfly.common.tls.TlsContexts;
import io.dragonfly.scheduler.link.Dynconfig;
import io.dragonfly.scheduler.rpc.SchedulerRpc;
import io.dragonfly.scheduler.swarm.SwarmSettings;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A scheduler. The constructor wires, {@link #start} opens the sockets, {@link #close} undoes it.
 */
public final class Scheduler implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Scheduler.class);
  private static final int NETWORK_THREADS =
      Math.clamp(Runtime.getRuntime().availableProcessors(), 2, 16);

  private final SchedulerConfig config;
  private final Optional<Path> dynconfigFile;
  private final Closer closer = new Closer();
  private @Nullable RpcServer server;
  private @Nullable MetricsServer metricsServer;

  /**
   * A scheduler that is not started.
   *
   * @param dynconfig the local file with the dynamic configuration (made with the defaults when it
   *     is missing); empty: the defaults, no file. Where it is there before the start, peers of an
   *     earlier life of this scheduler are waited for before anybody reads an origin
   */
  public Scheduler(SchedulerConfig config, Optional<Path> dynconfig) {
    this.config = config;
    this.dynconfigFile = dynconfig;
  }

  /**
   * Opens the sockets; the scheduler serves when this returns. To be called once; after a failure,
   * {@link #close} undoes what was done.
   *
   * @throws IOException when a socket can't be opened or a file is wrong; its message says what to
   *     do
   */
  public void start() throws IOException {
    tellWhatIsIgnored();
    Optional<SslContext> toSeeds = toSeeds(config.seedPeer().tls());
    Optional<SslContext> toClients = toClients(config.server().tls());
    Metrics metrics = new Metrics("dragonfly_scheduler_");
    showVersion(metrics);
    EventLoops loops = closer.add(new EventLoops("scheduler", NETWORK_THREADS));
    RpcChannels channels = closer.add(RpcChannels.of(loops, toSeeds));
    SchedulerRpc rpc = closer.add(rpc(channels, metrics));
    startDynconfig(rpc);
    if (config.metrics().enable()) {
      metricsServer =
          closer.add(new MetricsServer(metricsAddress(config.metrics().addr()), metrics.withJvm()));
      metricsServer.start();
    }
    RpcServer.Builder builder =
        RpcServer.builder("scheduler", loops).address(listenAddress(), config.server().port());
    toClients.ifPresent(builder::tls);
    if (config.metrics().enable()) {
      builder.counting(new CallMetrics(metrics));
    }
    server = closer.add(rpc.addTo(builder, config.server().requestRateLimit()).build());
    rpc.start();
    server.start();
    log.info("event=scheduler_started address={} port={}", listenAddress(), port());
  }

  /** Upstream's labels; those about Go are empty. */
  private static void showVersion(Metrics metrics) {
    String[] number = version().split("[.-]", -1);
    metrics
        .gauge(
            "version",
            "The version of this program.",
            Label.of("major"),
            Label.of("minor"),
            Label.of("git_version"),
            Label.of("git_commit"),
            Label.of("platform"),
            Label.of("build_time"),
            Label.of("go_version"),
            Label.of("go_tags"),
            Label.of("go_gcflags"))
        .with(
            number[0],
            number.length > 1 ? number[1] : "",
            version(),
            BuildInfo.load().commit(),
            "java",
            "",
            "",
            "",
            "")
        .set(1);
  }

  private SchedulerRpc rpc(RpcChannels channels, Metrics metrics) {
    SchedulerConfig.Gc gc = config.scheduler().gc();
    return new SchedulerRpc(
        settings(gc),
        channels,
        metrics,
        config.metrics().enableHost(),
        config.manager().schedulerClusterID(),
        new SecureRandom().nextLong(),
        dynconfigFile.filter(Files::exists).isPresent(),
        gc.peerGCInterval());
  }

  private void startDynconfig(SchedulerRpc rpc) throws IOException {
    if (dynconfigFile.isEmpty()) {
      return;
    }
    Dynconfig dynconfig =
        closer.add(
            new Dynconfig(
                dynconfigFile.get(),
                config.dynConfig().refreshInterval(),
                limits -> rpc.swarm().limits(limits, rpc.now())));
    try {
      dynconfig.start();
    } catch (ConfigException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private void tellWhatIsIgnored() {
    List<String> idle = config.keysWithoutEffect();
    if (!idle.isEmpty()) {
      log.info("event=keys_without_effect keys={}", idle);
    }
    config
        .manager()
        .address()
        .ifPresent(address ->
            log.warn(
                "event=manager_not_used key=manager.addr value={}: this version does not talk to"
                    + " a manager, the local dynamic configuration is used",
                address));
  }

  /** The version of this program, {@code dev} when it was not packaged. */
  static String version() {
    String version = Scheduler.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }

  /** The port of the gRPC server, once started. */
  public int port() {
    RpcServer running = server;
    if (running == null) {
      throw new IllegalStateException("the scheduler is not started");
    }
    return running.port();
  }

  /** The port of {@code GET /metrics}, when it is enabled and started. */
  public OptionalInt metricsPort() {
    MetricsServer running = metricsServer;
    return running == null ? OptionalInt.empty() : OptionalInt.of(running.port());
  }

  @Override
  public void close() {
    closer.close();
  }

  private String listenAddress() {
    String given = config.server().listenIP();
    if (given != null) {
      return given;
    }
    return config.network().enableIPv6() ? "::" : "0.0.0.0";
  }

  /** {@code :8000} listens on every address. */
  private static InetSocketAddress metricsAddress(String text) throws IOException {
    try {
      HostPort address = HostPort.parse(text.startsWith(":") ? "0.0.0.0" + text : text);
      return new InetSocketAddress(address.host(), address.port());
    } catch (IllegalArgumentException e) {
      throw new IOException("metrics.addr: " + e.getMessage(), e);
    }
  }

  private static SwarmSettings settings(SchedulerConfig.Gc gc) {
    return SwarmSettings.defaults()
        .withGc(
            gc.pieceDownloadTimeout().toMillis(),
            gc.peerTTL().toMillis(),
            Math.min(gc.taskGCInterval().toMillis(), SwarmSettings.defaults().taskMillis()),
            gc.hostTTL().toMillis());
  }

  private static Optional<SslContext> toClients(SchedulerConfig.@Nullable Tls tls)
      throws IOException {
    if (tls == null) {
      return Optional.empty();
    }
    return Optional.of(
        TlsContexts.server(file("server.tls.caCert", tls.caCert()), identity("server", tls)));
  }

  private static Optional<SslContext> toSeeds(SchedulerConfig.@Nullable Tls tls)
      throws IOException {
    if (tls == null) {
      return Optional.empty();
    }
    return Optional.of(
        TlsContexts.client(
            file("seedPeer.tls.caCert", tls.caCert()),
            Optional.of(identity("seedPeer", tls)),
            TlsContexts.HostNames.IGNORED));
  }

  private static Identity identity(String section, SchedulerConfig.Tls tls) throws IOException {
    return new Identity(
        file(section + ".tls.cert", tls.cert()), file(section + ".tls.key", tls.key()));
  }

  private static Path file(String key, @Nullable String value) throws IOException {
    if (value == null || value.isBlank()) {
      throw new IOException(key + " is missing: TLS needs caCert, cert and key");
    }
    return Path.of(value);
  }
}
