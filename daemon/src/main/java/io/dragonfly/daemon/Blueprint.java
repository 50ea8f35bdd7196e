package io.dragonfly.daemon;

import com.google.re2j.Pattern;
import io.dragonfly.common.file.FileProblem;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.limit.FairBucket;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.rpc.RpcChannels;
import io.dragonfly.common.tls.Identity;
import io.dragonfly.common.tls.TlsContexts;
import io.dragonfly.common.tls.TlsException;
import io.dragonfly.daemon.download.DownloadOptions;
import io.dragonfly.daemon.link.ClusterRates;
import io.dragonfly.daemon.link.HostProbe;
import io.dragonfly.daemon.link.SchedulerFile;
import io.dragonfly.daemon.link.SchedulerSource;
import io.dragonfly.daemon.local.LocalServer;
import io.dragonfly.daemon.proxy.HostPattern;
import io.dragonfly.daemon.proxy.ProxyOptions;
import io.dragonfly.daemon.rpc.ManagerSchedulers;
import io.dragonfly.daemon.source.OriginWatch;
import io.dragonfly.daemon.source.Passage;
import io.dragonfly.daemon.source.SourceOptions;
import io.dragonfly.daemon.source.Sources;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.Scrubber;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.transfer.FetchLimits;
import io.dragonfly.daemon.transfer.PieceClient;
import io.dragonfly.daemon.transfer.PieceClientOptions;
import io.dragonfly.daemon.transfer.PieceServer;
import io.dragonfly.daemon.transfer.PieceServerOptions;
import io.dragonfly.daemon.transfer.QuicConnections;
import io.dragonfly.daemon.transfer.QuicPieceServer;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What a configuration means for the parts of a daemon: their options and addresses, checked.
 * Nothing here serves or runs.
 */
final class Blueprint {
  private static final Duration LONGEST_REDIRECT = Duration.ofDays(1);
  private static final int SMALLEST_BUFFER = 64 << 10;
  private static final int LARGEST_BUFFER = 16 << 20;
  private static final Duration PASSED_ANSWER = Duration.ofMinutes(10);
  private static final Duration FIRST_BYTE = Duration.ofSeconds(10);

  private final DaemonConfig config;
  private final String hostname;
  private final String ip;
  private final HostId host;

  Blueprint(DaemonConfig config) {
    this.config = config;
    hostname = config.host().hostname().orElseGet(HostProbe::localHostname);
    ip = config.host().ip().orElseGet(() -> HostProbe.localAddress(config.network().enableIpv6()));
    host = HostId.of(ip, hostname, config.seedPeer().enable());
  }

  HostId host() {
    return host;
  }

  /** The address under which others reach this host. */
  String ip() {
    return ip;
  }

  Supplier<PeerId> peerIds() {
    SecureRandom random = new SecureRandom();
    boolean seed = config.seedPeer().enable();
    return () -> PeerId.random(ip, hostname, seed, random);
  }

  PieceStore openStore() throws IOException {
    StoreOptions options =
        StoreOptions.defaults()
            .withKeep(config.storage().keep())
            .withQuotaBytes(config.gc().policy().diskThreshold().bytes());
    Path directory = config.storage().dir();
    try {
      return PieceStore.open(directory, options, Clock.systemUTC());
    } catch (FileSystemException e) {
      throw new IOException(
          "cannot use the storage directory "
              + directory
              + ": "
              + FileProblem.of(e)
              + ". Make it usable, or set another storage.dir",
          e);
    }
  }

  Scrubber scrubber(PieceStore store) {
    return new Scrubber(
        store,
        new Scrubber.Options(config.storage().scrubRate().bytes(), Scrubber.Options.DEFAULT_PAUSE));
  }

  LocalServer localServer(ScheduledExecutorService timer) throws IOException {
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

  PieceServer pieceServer(PieceStore store, FairBucket upload) throws IOException {
    DaemonConfig.StorageServer server = config.storage().server();
    return new PieceServer(
        store,
        PieceServerOptions.on(bind(server.ip(), server.tcpPort()))
            .withUpload(upload)
            .withBufferBytes(bufferBytes(config.storage().readBufferSize())));
  }

  /** Not where this machine has no QUIC. */
  Optional<QuicPieceServer> quicServer(PieceStore store, FairBucket upload, EventLoops loops)
      throws IOException {
    if (!QuicPieceServer.isSupported()) {
      return Optional.empty();
    }
    DaemonConfig.StorageServer server = config.storage().server();
    PieceServerOptions options =
        PieceServerOptions.on(bind(server.ip(), server.quicPort()))
            .withUpload(upload)
            .withBufferBytes(bufferBytes(config.storage().readBufferSize()));
    return Optional.of(new QuicPieceServer(store, options, loops));
  }

  PieceClient pieceClient(EventLoops loops) throws IOException {
    if (isQuic() && !QuicPieceServer.isSupported()) {
      throw new IOException(
          "download.protocol is quic, for which there is no native library on this machine (Linux"
              + " on x86_64 or aarch64 has one): set it to tcp");
    }
    return new PieceClient(
        PieceClientOptions.defaults()
            .withBufferBytes(bufferBytes(config.storage().writeBufferSize())),
        isQuic() ? Optional.of(new QuicConnections(loops)) : Optional.empty());
  }

  /** Whether pieces are fetched over QUIC. */
  boolean isQuic() {
    return config.download().protocol().equals("quic");
  }

  /** Upstream allows any size; too small ones cost time and too large ones memory. */
  private static int bufferBytes(int configured) {
    return Math.clamp(configured, SMALLEST_BUFFER, LARGEST_BUFFER);
  }

  Sources sources(OriginWatch watch) throws IOException {
    return Sources.of(sourceOptions().build(), watch);
  }

  /** For what the proxy passes on: as many connections as it has clients may need at once. */
  Passage passage() throws IOException {
    return new Passage(
        sourceOptions()
            .headerTimeout(PASSED_ANSWER)
            .stallTimeout(config.download().pieceTimeout())
            .maxConnectionsPerOrigin(1024)
            .maxConnections(4096)
            .allowLinkLocal(config.proxy().server().allowLinkLocal())
            .build());
  }

  ProxyOptions proxyOptions() throws IOException {
    ProxyConfig proxy = config.proxy();
    ProxyConfig.Server server = proxy.server();
    return new ProxyOptions(
        bind(server.ip(), server.port()),
        ip,
        proxy.registryMirror().addr(),
        !proxy.registryMirror().addr().equals(ProxyConfig.RegistryMirror.DEFAULT_ADDR),
        proxy.registryMirror().enableTaskIdBasedBlobDigest(),
        proxy.rules().stream()
            .map(rule ->
                new ProxyOptions.Rule(
                    Pattern.compile(rule.regex()),
                    rule.useTls(),
                    rule.redirect(),
                    rule.filteredQueryParams()))
            .toList(),
        proxy.disableBackToSource(),
        proxy.prefetch(),
        server.requestRateLimit(),
        server
            .basicAuth()
            .map(user ->
                new ProxyOptions.User(user.username(), user.password(), user.useAuthorization())),
        server.allowLinkLocal(),
        server.interceptHosts().map(hosts -> hosts.stream().map(HostPattern::parse).toList()),
        config.download().pieceTimeout());
  }

  private SourceOptions.Builder sourceOptions() throws IOException {
    SourceOptions defaults = SourceOptions.defaults();
    var options =
        SourceOptions.builder()
            .requestHeaders(config.backend().requestHeader())
            .maxRetries(0) // the download of a task has one budget for all its requests
            .headerTimeout(shorter(defaults.headerTimeout(), config.download().pieceTimeout()))
            .stallTimeout(shorter(defaults.stallTimeout(), config.storage().writePieceTimeout()))
            .http2(config.backend().http2())
            .allowLinkLocal(config.backend().allowLinkLocal())
            .cacheRedirects(config.backend().enableCacheTemporaryRedirect())
            .redirectTtl(shorter(config.backend().cacheTemporaryRedirectTtl(), LONGEST_REDIRECT));
    OriginAccess.of(config.backend(), System.getenv(), options);
    return options;
  }

  DownloadOptions downloadOptions() {
    return DownloadOptions.DEFAULTS
        .withConcurrentPieces(config.download().concurrentPieceCount())
        .withOriginAnswers(2 * (1 + config.backend().maxRetries()))
        .withRights(config.backend().credentialsTtl(), config.backend().credentialsGrace());
  }

  /** A parent that does not answer is given up sooner than the configuration would allow. */
  FetchLimits fetchLimits() {
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

  HostProbe.Identity identity() {
    return new HostProbe.Identity(
        host,
        config.seedPeer().enable() ? config.seedPeer().hostType() : 0,
        hostname,
        ip,
        config.host().idc(),
        config.host().location(),
        config.host().schedulerClusterId(),
        config.upload().disableShared(),
        Daemon.version());
  }

  SchedulerSource schedulers(
      Path dynconfig,
      RpcChannels managerChannels,
      RpcChannels schedulerChannels,
      Consumer<ClusterRates> rates)
      throws IOException {
    Optional<String> manager = config.manager().addr();
    if (manager.isEmpty()) {
      return new SchedulerFile(dynconfig, config.seedPeer().enable(), rates);
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
            Daemon.version(),
            config.host().schedulerClusterId()),
        rates);
  }

  InetSocketAddress bind(Optional<String> configured, int port) throws IOException {
    InetSocketAddress address =
        new InetSocketAddress(configured.orElse(config.defaultBindAddress()), port);
    if (address.isUnresolved()) {
      throw new IOException(
          "The address " + address.getHostString() + " to listen on is not one of this machine");
    }
    return address;
  }

  static Optional<SslContext> serverTls(DaemonConfig.Tls tls) throws TlsException {
    if (tls.caCert().isEmpty() || tls.cert().isEmpty() || tls.key().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        TlsContexts.server(tls.caCert().get(), new Identity(tls.cert().get(), tls.key().get())));
  }

  static Optional<SslContext> clientTls(DaemonConfig.Tls tls) throws TlsException {
    if (tls.caCert().isEmpty() || tls.cert().isEmpty() || tls.key().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        TlsContexts.client(
            tls.caCert().get(),
            Optional.of(new Identity(tls.cert().get(), tls.key().get())),
            TlsContexts.HostNames.IGNORED));
  }
}
