package io.dragonfly.common.rpc;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.ServerStreamTracer;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A gRPC server on one or more TCP addresses, or on one unix socket. Besides the given services it
 * answers {@code grpc.health.v1} ("" is SERVING until it closes, other names are NOT_FOUND) and
 * reflection (v1 and v1alpha). Clients may ping every 60 s, also without calls, and are pinged as
 * often: the calls of a machine that went without a word end within 80 s.
 *
 * <p>Calls are handled on the event loops, in order within a call; services must not block, unless
 * an executor was set. The server is started once and closed once.
 */
public final class RpcServer implements AutoCloseable {
  private final Server server;
  private final HealthStatusManager health;
  private final List<SocketAddress> addresses;
  private final Duration grace;
  private final AtomicBoolean closed = new AtomicBoolean();

  private RpcServer(Builder builder) {
    this.addresses = List.copyOf(builder.addresses);
    this.grace = builder.grace;
    this.health = new HealthStatusManager();
    this.server = builder.build(health);
  }

  /**
   * Starts building a server.
   *
   * @param program what this is to a caller, for error texts: "daemon", "scheduler"
   * @param loops its network threads; they must outlive the server
   */
  public static Builder builder(String program, EventLoops loops) {
    return new Builder(program, loops);
  }

  /**
   * Binds and serves.
   *
   * @throws IOException if an address cannot be bound; the message names the address and the remedy
   */
  public RpcServer start() throws IOException {
    try {
      server.start();
    } catch (IOException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IOException(
          "cannot listen on " + describe() + ": " + reason(cause) + ". " + remedy(cause), e);
    }
    return this;
  }

  /**
   * The port of the first TCP address.
   *
   * @throws IllegalStateException if there is none, or the server has not been started
   */
  public int port() {
    int port = server.getPort();
    if (port < 1) {
      throw new IllegalStateException("not listening on TCP: " + describe());
    }
    return port;
  }

  /** Where it listens, with the port that was chosen if 0 was asked for. */
  public List<? extends SocketAddress> addresses() {
    return server.getListenSockets();
  }

  /**
   * Takes no new calls, lets running ones end for the grace period and then cancels them. Returns
   * after the grace period and 5 seconds at the latest.
   */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    health.enterTerminalState();
    server.shutdown();
    try {
      if (!server.awaitTermination(grace.toMillis(), TimeUnit.MILLISECONDS)) {
        server.shutdownNow();
        server.awaitTermination(5, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  private String describe() {
    return String.join(", ", addresses.stream().map(RpcServer::describe).toList());
  }

  private static String describe(SocketAddress address) {
    if (address instanceof InetSocketAddress inet) {
      String host = inet.getHostString();
      return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + inet.getPort();
    }
    return address.toString();
  }

  private static String reason(Throwable cause) {
    String message = cause.getMessage();
    return message == null ? cause.getClass().getSimpleName() : message;
  }

  private static String remedy(Throwable cause) {
    String message = String.valueOf(cause.getMessage());
    if (message.contains("in use")) {
      return "Stop the program that uses it, or configure another";
    }
    if (message.contains("ermission")) {
      return "Choose a port above 1023, or a path this user may write to";
    }
    return "Check the configured address";
  }

  /** Collects what a server is made of. */
  public static final class Builder {
    private static final int FLOW_CONTROL_WINDOW = 1 << 20;
    private static final int MAX_CALLS_PER_CONNECTION = 16_384;
    private static final int MAX_RESETS = 20_000;
    private static final int BACKLOG = 1024;

    private final String program;
    private final EventLoops loops;
    private final List<SocketAddress> addresses = new ArrayList<>();
    private final List<BindableService> services = new ArrayList<>();
    private final List<ServerInterceptor> interceptors = new ArrayList<>();
    private final List<ServerStreamTracer.Factory> tracers = new ArrayList<>();
    private @Nullable ChannelFactory<? extends ServerChannel> channelFactory;
    private @Nullable SslContext tls;
    private @Nullable Executor executor;
    private @Nullable CallMetrics callMetrics;
    private int maxInboundMessageBytes = 4 << 20;
    private Duration grace = Duration.ofSeconds(5);

    private Builder(String program, EventLoops loops) {
      this.program = Objects.requireNonNull(program, "program is null");
      this.loops = Objects.requireNonNull(loops, "loops is null");
    }

    /** Listens on a TCP address or a {@link UnixDomainSocketAddress}; not on both kinds at once. */
    public Builder address(SocketAddress address) {
      addresses.add(Objects.requireNonNull(address, "address is null"));
      return this;
    }

    /** Listens on a host name or IP address; port 0 chooses a free one. */
    public Builder address(String host, int port) {
      return address(new InetSocketAddress(host, port));
    }

    /**
     * Accepts connections from a channel of the caller's own, for instance one that tells two
     * protocols apart by their first byte. The channel is bound to {@link #address(SocketAddress)}.
     */
    public Builder channelFactory(ChannelFactory<? extends ServerChannel> factory) {
      channelFactory = Objects.requireNonNull(factory, "factory is null");
      return this;
    }

    public Builder service(BindableService service) {
      services.add(Objects.requireNonNull(service, "service is null"));
      return this;
    }

    /** Adds an interceptor; the first one added sees a call first. */
    public Builder interceptor(ServerInterceptor interceptor) {
      interceptors.add(Objects.requireNonNull(interceptor, "interceptor is null"));
      return this;
    }

    /** Ignores the deadlines of some methods. */
    public Builder ignoring(IgnoredDeadlines deadlines) {
      tracers.add(Objects.requireNonNull(deadlines, "deadlines is null"));
      return this;
    }

    /** Counts the calls of all methods. */
    public Builder counting(CallMetrics calls) {
      callMetrics = Objects.requireNonNull(calls, "calls is null");
      return this;
    }

    /** Serves over TLS only. */
    public Builder tls(SslContext context) {
      tls = Objects.requireNonNull(context, "context is null");
      return this;
    }

    /** Refuses larger messages with RESOURCE_EXHAUSTED; 4 MiB by default. */
    public Builder maxInboundMessageBytes(int bytes) {
      maxInboundMessageBytes = bytes;
      return this;
    }

    /** Handles calls here instead of on the event loops, so that services may block. */
    public Builder executor(Executor callExecutor) {
      executor = Objects.requireNonNull(callExecutor, "callExecutor is null");
      return this;
    }

    /** How long {@link #close()} lets calls go on; 5 s by default. */
    public Builder grace(Duration period) {
      if (period.isNegative()) {
        throw new IllegalArgumentException("grace is negative: " + period);
      }
      grace = period;
      return this;
    }

    /**
     * Makes the server; {@link RpcServer#start()} binds it.
     *
     * @throws IllegalStateException if there is no address, or TCP and unix addresses are mixed
     */
    public RpcServer build() {
      if (addresses.isEmpty()) {
        throw new IllegalStateException("no address to listen on");
      }
      if (addresses.stream().map(UnixDomainSocketAddress.class::isInstance).distinct().count()
          > 1) {
        throw new IllegalStateException("TCP and unix sockets need a server each");
      }
      return new RpcServer(this);
    }

    private Server build(HealthStatusManager health) {
      boolean unix = addresses.getFirst() instanceof UnixDomainSocketAddress;
      NettyServerBuilder builder =
          NettyServerBuilder.forAddress(addresses.getFirst())
              .bossEventLoopGroup(loops.group())
              .workerEventLoopGroup(loops.group())
              .channelFactory(channelFactory(unix))
              .withOption(ChannelOption.SO_BACKLOG, BACKLOG)
              .withOption(ChannelOption.ALLOCATOR, loops.allocator())
              .withChildOption(ChannelOption.ALLOCATOR, loops.allocator())
              .flowControlWindow(FLOW_CONTROL_WINDOW)
              .maxInboundMessageSize(maxInboundMessageBytes)
              .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
              .maxRstFramesPerWindow(MAX_RESETS, 10)
              .keepAliveTime(60, TimeUnit.SECONDS)
              .keepAliveTimeout(20, TimeUnit.SECONDS)
              .permitKeepAliveTime(60, TimeUnit.SECONDS)
              .permitKeepAliveWithoutCalls(true);
      addresses.stream().skip(1).forEach(builder::addListenAddress);
      if (unix) {
        // gRPC sets it for every connection, and Netty warns that unix sockets have no such option.
        builder.withChildOption(ChannelOption.SO_KEEPALIVE, null);
      }
      if (executor == null) {
        builder.directExecutor();
      } else {
        builder.executor(executor);
      }
      if (tls != null) {
        builder.sslContext(tls);
      }
      tracers.forEach(builder::addStreamTracerFactory);
      services.forEach(builder::addService);
      builder.addService(health.getHealthService());
      builder.addService(ProtoReflectionServiceV1.newInstance());
      builder.addService(reflectionV1Alpha());
      // gRPC calls the interceptor that was added last first.
      interceptors.reversed().forEach(builder::intercept);
      builder.intercept(new CallBoundary(program));
      if (callMetrics == null) {
        return builder.build();
      }
      Server built = builder.addStreamTracerFactory(callMetrics).build();
      callMetrics.show(built.getServices());
      return built;
    }

    private ChannelFactory<? extends ServerChannel> channelFactory(boolean unix) {
      if (channelFactory != null) {
        return channelFactory;
      }
      return unix ? NioServerDomainSocketChannel::new : NioServerSocketChannel::new;
    }

    @SuppressWarnings("deprecation") // Older grpcurl and grpc_cli ask for v1alpha only.
    private static BindableService reflectionV1Alpha() {
      return io.grpc.protobuf.services.ProtoReflectionService.newInstance();
    }
  }
}
