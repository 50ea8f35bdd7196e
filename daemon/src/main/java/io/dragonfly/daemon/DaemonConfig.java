package io.dragonfly.daemon;

import static java.util.Objects.requireNonNullElse;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dragonfly.common.config.ByteSize;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The whole of {@code dfdaemon.yaml}, with the keys and defaults of upstream's file. A section or
 * key that is absent has its default; a value out of bounds is an {@link IllegalArgumentException}
 * that says what is allowed. Keys of our own are marked so.
 */
// Absent keys arrive as null and leave as defaults.
@SuppressWarnings({"NullAway", "NullOptional", "NullableOptional"})
public record DaemonConfig(
    Host host,
    Server server,
    Download download,
    Upload upload,
    Manager manager,
    Scheduler scheduler,
    SeedPeer seedPeer,
    Dynconfig dynconfig,
    Storage storage,
    BackendConfig backend,
    Gc gc,
    ProxyConfig proxy,
    Security security,
    Network network,
    Endpoint health,
    Endpoint metrics,
    Endpoint stats,
    TracingConfig tracing) {

  public DaemonConfig {
    host = requireNonNullElse(host, new Host(null, null, null, null, null));
    server = requireNonNullElse(server, new Server(null, null, null));
    download =
        requireNonNullElse(download, new Download(null, null, null, null, null, null, null, null));
    upload = requireNonNullElse(upload, new Upload(null, null, null, null));
    manager = requireNonNullElse(manager, new Manager(null, null, null, null));
    scheduler = requireNonNullElse(scheduler, new Scheduler(null, null, null, null, null, null));
    seedPeer = requireNonNullElse(seedPeer, new SeedPeer(null, SeedPeerType.NORMAL));
    dynconfig = requireNonNullElse(dynconfig, new Dynconfig(null));
    storage =
        requireNonNullElse(storage, new Storage(null, null, null, null, null, null, null, null));
    backend = requireNonNullElse(backend, BackendConfig.DEFAULT);
    gc = requireNonNullElse(gc, new Gc(null, null));
    proxy = requireNonNullElse(proxy, ProxyConfig.DEFAULT);
    security = requireNonNullElse(security, new Security(null));
    network = requireNonNullElse(network, new Network(null));
    health = requireNonNullElse(health, new Endpoint(null)).withDefaultPort(4003);
    metrics = requireNonNullElse(metrics, new Endpoint(null)).withDefaultPort(4002);
    stats = requireNonNullElse(stats, new Endpoint(null)).withDefaultPort(4004);
    tracing = requireNonNullElse(tracing, TracingConfig.DEFAULT);
  }

  /** The address to listen on when a section does not name one. */
  public String defaultBindAddress() {
    return network.enableIpv6() ? "::" : "0.0.0.0";
  }

  /** Where this host's own certificate authority lies, if it has been made. */
  public Path authorityDirectory() {
    return storage.dir().resolve("ca");
  }

  /** Who this host is to the rest of the cluster; an absent ip or name is found at the start. */
  public record Host(
      Optional<String> idc,
      Optional<String> location,
      Optional<String> hostname,
      Optional<String> ip,
      @JsonProperty("schedulerClusterID") Long schedulerClusterId) {
    public Host {
      idc = present(idc);
      location = present(location);
      hostname = present(hostname);
      ip = present(ip);
      schedulerClusterId = requireNonNullElse(schedulerClusterId, 0L);
      Bounds.check("schedulerClusterID", schedulerClusterId, 0, Long.MAX_VALUE);
    }
  }

  /** Directories and upstream's overload protection. */
  public record Server(
      Path pluginDir, Path cacheDir, Optional<Map<String, Object>> adaptiveRateLimit) {
    public Server {
      pluginDir =
          requireNonNullElse(pluginDir, Path.of("/usr/local/lib/dragonfly/plugins/dfdaemon"));
      cacheDir = requireNonNullElse(cacheDir, Path.of("/var/cache/dragonfly/dfdaemon"));
      adaptiveRateLimit = present(adaptiveRateLimit);
    }
  }

  /** How this host downloads, and the socket on which its users ask for it. */
  public record Download(
      DownloadServer server,
      String protocol,
      ByteSize bandwidthLimit,
      ByteSize backToSourceBandwidthLimit,
      Duration pieceTimeout,
      Duration collectedPieceTimeout,
      Integer concurrentPieceCount,
      ByteSize contentMemory) {
    public Download {
      server = requireNonNullElse(server, new DownloadServer(null, null, null, null, null));
      protocol = requireNonNullElse(protocol, "tcp");
      if (!protocol.equals("tcp") && !protocol.equals("quic")) {
        throw new IllegalArgumentException("protocol: \"" + protocol + "\" is not tcp or quic");
      }
      bandwidthLimit = Bounds.rate("bandwidthLimit", bandwidthLimit);
      backToSourceBandwidthLimit =
          Bounds.rate("backToSourceBandwidthLimit", backToSourceBandwidthLimit);
      pieceTimeout = Bounds.duration("pieceTimeout", pieceTimeout, Duration.ofMinutes(6));
      collectedPieceTimeout =
          Bounds.duration("collectedPieceTimeout", collectedPieceTimeout, Duration.ofMinutes(6));
      concurrentPieceCount = requireNonNullElse(concurrentPieceCount, 8);
      Bounds.check("concurrentPieceCount", concurrentPieceCount, 1, 1024);
      // Ours: memory for pieces that callers want inside the answer (need_piece_content).
      contentMemory = requireNonNullElse(contentMemory, new ByteSize(256L << 20));
      Bounds.check("contentMemory", contentMemory.bytes(), 1 << 20, 1L << 40);
    }
  }

  /** The unix socket. {@code socketMode} (octal) and {@code socketGroup} are ours. */
  public record DownloadServer(
      Path socketPath,
      Integer requestRateLimit,
      Integer requestBufferSize,
      String socketMode,
      Optional<String> socketGroup) {
    private static final int LONGEST_SOCKET_PATH = 107;

    public DownloadServer {
      socketPath = requireNonNullElse(socketPath, Path.of("/var/run/dragonfly/dfdaemon.sock"));
      int length = socketPath.toString().getBytes(StandardCharsets.UTF_8).length;
      if (length > LONGEST_SOCKET_PATH) {
        throw new IllegalArgumentException(
            "socketPath: "
                + socketPath
                + " has "
                + length
                + " bytes, a unix socket can have "
                + LONGEST_SOCKET_PATH
                + ": choose a shorter path");
      }
      requestRateLimit = Bounds.requests("requestRateLimit", requestRateLimit, 400);
      requestBufferSize = Bounds.requests("requestBufferSize", requestBufferSize, 50);
      socketMode = requireNonNullElse(socketMode, "0660");
      if (!socketMode.matches("0?[0-7]{3}")) {
        throw new IllegalArgumentException(
            "socketMode: \"" + socketMode + "\" is not three octal digits such as \"0660\"");
      }
      socketGroup = present(socketGroup);
    }
  }

  /** What other peers reach: the control port here, the piece port under {@link Storage}. */
  public record Upload(
      UploadServer server, Tls client, Boolean disableShared, ByteSize bandwidthLimit) {
    public Upload {
      server =
          requireNonNullElse(
              server, new UploadServer(null, null, null, null, null, null, null, null));
      client = requireNonNullElse(client, Tls.NONE);
      disableShared = requireNonNullElse(disableShared, false);
      bandwidthLimit = Bounds.rate("bandwidthLimit", bandwidthLimit);
    }
  }

  /**
   * The control port. {@code allowOutputPath} is ours: whether a request from the network may name
   * a file for this daemon to write.
   */
  public record UploadServer(
      Optional<String> ip,
      Integer port,
      Optional<Path> caCert,
      Optional<Path> cert,
      Optional<Path> key,
      Integer requestRateLimit,
      Integer requestBufferSize,
      Boolean allowOutputPath) {
    public UploadServer {
      ip = present(ip);
      port = Bounds.port("port", port, 4000);
      caCert = present(caCert);
      cert = present(cert);
      key = present(key);
      requestRateLimit = Bounds.requests("requestRateLimit", requestRateLimit, 400);
      requestBufferSize = Bounds.requests("requestBufferSize", requestBufferSize, 50);
      allowOutputPath = requireNonNullElse(allowOutputPath, false);
    }

    Tls tls() {
      return new Tls(caCert, cert, key);
    }
  }

  /** PEM files for mutual TLS; used when all three are given. */
  public record Tls(Optional<Path> caCert, Optional<Path> cert, Optional<Path> key) {
    static final Tls NONE = new Tls(Optional.empty(), Optional.empty(), Optional.empty());

    public Tls {
      caCert = present(caCert);
      cert = present(cert);
      key = present(key);
    }

    boolean isComplete() {
      return caCert.isPresent() && cert.isPresent() && key.isPresent();
    }
  }

  /** The manager; without an address the schedulers come from the local dynconfig file. */
  public record Manager(
      Optional<String> addr, Optional<Path> caCert, Optional<Path> cert, Optional<Path> key) {
    public Manager {
      addr = present(addr);
      caCert = present(caCert);
      cert = present(cert);
      key = present(key);
    }

    Tls tls() {
      return new Tls(caCert, cert, key);
    }
  }

  /** How this host speaks with its schedulers. */
  public record Scheduler(
      Duration announceInterval,
      Duration scheduleTimeout,
      Integer maxScheduleCount,
      Optional<Path> caCert,
      Optional<Path> cert,
      Optional<Path> key) {
    public Scheduler {
      announceInterval =
          Bounds.duration("announceInterval", announceInterval, Duration.ofMinutes(5));
      scheduleTimeout = Bounds.duration("scheduleTimeout", scheduleTimeout, Duration.ofHours(3));
      maxScheduleCount = requireNonNullElse(maxScheduleCount, 5);
      Bounds.check("maxScheduleCount", maxScheduleCount, 1, 1000);
      caCert = present(caCert);
      cert = present(cert);
      key = present(key);
    }

    Tls tls() {
      return new Tls(caCert, cert, key);
    }
  }

  /** What a seed peer is to the scheduler; upstream's two names. */
  public enum SeedPeerType {
    @JsonProperty("normal")
    NORMAL,
    @JsonProperty("super")
    SUPER
  }

  /** Whether this host fetches on behalf of the cluster. A section without a type means super. */
  public record SeedPeer(Boolean enable, SeedPeerType type) {
    public SeedPeer {
      enable = requireNonNullElse(enable, false);
      type = requireNonNullElse(type, SeedPeerType.SUPER);
    }

    /** 0 for a normal host, 1 for a super seed: the number on the wire. */
    int hostType() {
      return type == SeedPeerType.SUPER ? 1 : 0;
    }
  }

  /** How often the list of schedulers is read again. */
  public record Dynconfig(Duration refreshInterval) {
    public Dynconfig {
      refreshInterval = Bounds.duration("refreshInterval", refreshInterval, Duration.ofMinutes(1));
    }
  }

  /**
   * Where pieces lie on disk and the port that serves them. {@code writeBufferSize} is what a piece
   * from a parent is gathered in before it is written, {@code readBufferSize} what is sent of one
   * at a time; sizes below 64 KiB count as that, those above 16 MiB as 16 MiB. {@code scrubRate} is
   * ours: bytes of stored pieces per second that are read and verified again; 0 for none.
   */
  public record Storage(
      StorageServer server,
      Path dir,
      Boolean keep,
      Duration writePieceTimeout,
      Integer writeBufferSize,
      Integer readBufferSize,
      ByteSize cacheCapacity,
      ByteSize scrubRate) {
    public Storage {
      server = requireNonNullElse(server, new StorageServer(null, null, null, null));
      dir = requireNonNullElse(dir, Path.of("/var/lib/dragonfly/"));
      // Upstream wipes its cache at every start unless told not to; a cache is worth keeping.
      keep = requireNonNullElse(keep, true);
      writePieceTimeout =
          Bounds.duration("writePieceTimeout", writePieceTimeout, Duration.ofMinutes(6));
      // Upstream's default is half of that; the larger one was measured to cost less.
      writeBufferSize = requireNonNullElse(writeBufferSize, 1 << 20);
      Bounds.check("writeBufferSize", writeBufferSize, 1, Integer.MAX_VALUE);
      readBufferSize = requireNonNullElse(readBufferSize, 1 << 20);
      Bounds.check("readBufferSize", readBufferSize, 1, Integer.MAX_VALUE);
      cacheCapacity = requireNonNullElse(cacheCapacity, new ByteSize(64L << 20));
      scrubRate = requireNonNullElse(scrubRate, new ByteSize(4L << 20));
    }
  }

  /** The port that serves pieces. */
  public record StorageServer(
      Optional<String> ip, Integer tcpPort, Boolean tcpFastopen, Integer quicPort) {
    public StorageServer {
      ip = present(ip);
      tcpPort = Bounds.port("tcpPort", tcpPort, 4005);
      tcpFastopen = requireNonNullElse(tcpFastopen, false);
      quicPort = Bounds.port("quicPort", quicPort, 4006);
    }
  }

  /** When the store makes room. */
  public record Gc(Duration interval, GcConfig policy) {
    public Gc {
      interval = Bounds.duration("interval", interval, Duration.ofMinutes(15));
      policy = requireNonNullElse(policy, GcConfig.DEFAULT);
    }
  }

  /** Kept as upstream names it; unused there as well. */
  public record Security(Boolean enable) {
    public Security {
      enable = requireNonNullElse(enable, false);
    }
  }

  /** Which family of addresses is preferred. */
  public record Network(@JsonProperty("enableIPv6") Boolean enableIpv6) {
    public Network {
      enableIpv6 = requireNonNullElse(enableIpv6, false);
    }
  }

  /** A section that has only a server: health, metrics, stats. */
  public record Endpoint(EndpointServer server) {
    public Endpoint {
      server = requireNonNullElse(server, new EndpointServer(Optional.empty(), null));
    }

    private Endpoint withDefaultPort(int port) {
      return server.port() >= 0 ? this : new Endpoint(new EndpointServer(server.ip(), port));
    }
  }

  /** The port is -1 until the section it belongs to has given its default. */
  public record EndpointServer(Optional<String> ip, Integer port) {
    public EndpointServer {
      ip = present(ip);
      port = requireNonNullElse(port, -1);
      Bounds.check("port", port, -1, 65535);
    }
  }

  private static <T> Optional<T> present(@Nullable Optional<T> value) {
    return value == null ? Optional.empty() : value;
  }
}
