package io.dragonfly.common.rpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.net.HostPort;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Connections to other programs, one per address, shared by all callers. A connection is made by
 * the first call, given up after 3 s without an answer to connect, closed after 5 minutes without
 * calls, and pinged every 5 minutes while it has calls (a Go server takes oftener for abuse).
 *
 * <p>What callers get is a {@link Channel} that may be kept for ever: the connection behind it
 * comes and goes. Responses are delivered on the event loops, so observers must not block; blocking
 * stubs block their caller only.
 */
public final class RpcChannels implements AutoCloseable {
  /** Connections that are kept at most; beyond, the one that was unused longest is let go. */
  public static final int MAX_CONNECTIONS = 4096;

  private static final Duration IDLE = Duration.ofMinutes(5);
  private static final int CONNECT_TIMEOUT_MILLIS = 3000;
  private static final int FLOW_CONTROL_WINDOW = 1 << 20;

  /** Largest message by default; a stub raises it for itself by withMaxInboundMessageSize. */
  private static final int MAX_INBOUND_MESSAGE_BYTES = 16 << 20;

  /** After a failed attempt to connect, the next call tries again after this time. */
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final EventLoops loops;
  private final @Nullable SslContext tls;
  private final int capacity;
  private final Duration idle;
  private final ReentrantLock lock = new ReentrantLock();

  /** In the order of use, the least recent first. */
  @GuardedBy("lock")
  private final LinkedHashMap<Target, Connection> connections =
      new LinkedHashMap<>(16, 0.75f, true);

  @GuardedBy("lock")
  private boolean closed;

  /** What a connection leads to. */
  private sealed interface Target {
    record Tcp(HostPort address) implements Target {}

    record Unix(Path path) implements Target {}
  }

  private static final class Connection {
    final ManagedChannel channel;
    long retriedAt = System.nanoTime();

    Connection(ManagedChannel channel) {
      this.channel = channel;
    }
  }

  private RpcChannels(EventLoops loops, @Nullable SslContext tls, int capacity, Duration idle) {
    this.loops = Objects.requireNonNull(loops, "loops is null");
    this.tls = tls;
    this.capacity = capacity;
    this.idle = idle;
  }

  /** Connections in the clear. */
  public static RpcChannels plaintext(EventLoops loops) {
    return new RpcChannels(loops, null, MAX_CONNECTIONS, IDLE);
  }

  /** TCP connections over TLS, if there is a context; unix sockets are always in the clear. */
  public static RpcChannels of(EventLoops loops, Optional<SslContext> tls) {
    return new RpcChannels(loops, tls.orElse(null), MAX_CONNECTIONS, IDLE);
  }

  static RpcChannels forTest(EventLoops loops, int capacity, Duration idle) {
    return new RpcChannels(loops, null, capacity, idle);
  }

  /** Calls a server on TCP. */
  public Channel channel(HostPort address) {
    return new SharedChannel(new Target.Tcp(address));
  }

  /** Calls a server on a unix socket. */
  public Channel channel(Path unixSocket) {
    return new SharedChannel(new Target.Unix(unixSocket));
  }

  /**
   * Closes the connection to a server on TCP that does not answer any more: its calls end with
   * UNAVAILABLE, and the next call makes another connection.
   */
  public void disconnect(HostPort address) {
    Connection connection;
    lock.lock();
    try {
      connection = connections.remove(new Target.Tcp(address));
    } finally {
      lock.unlock();
    }
    if (connection != null) {
      connection.channel.shutdownNow();
    }
  }

  /** How many connections are kept, idle ones included. */
  public int size() {
    lock.lock();
    try {
      return connections.size();
    } finally {
      lock.unlock();
    }
  }

  /** Cancels all calls and closes all connections; waits for at most 5 seconds. */
  @Override
  public void close() {
    List<Connection> all;
    lock.lock();
    try {
      closed = true;
      all = new ArrayList<>(connections.values());
      connections.clear();
    } finally {
      lock.unlock();
    }
    for (Connection connection : all) {
      connection.channel.shutdownNow();
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
    try {
      for (Connection connection : all) {
        connection.channel.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private ManagedChannel acquire(Target target) {
    @Nullable Connection evicted = null;
    Connection connection;
    boolean retry;
    lock.lock();
    try {
      connection = connections.get(target);
      if (connection == null) {
        connection = new Connection(open(target));
        if (closed) {
          connection.channel.shutdownNow();
          return connection.channel;
        }
        evicted = connections.size() >= capacity ? evict() : null;
        connections.put(target, connection);
      }
      long now = System.nanoTime();
      retry = now - connection.retriedAt > RETRY_NANOS;
      if (retry) {
        connection.retriedAt = now;
      }
    } finally {
      lock.unlock();
    }
    if (evicted != null) {
      evicted.channel.shutdown();
    }
    if (retry && connection.channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
      // gRPC would wait up to two minutes, long after a restarted scheduler is back.
      connection.channel.resetConnectBackoff();
    }
    return connection.channel;
  }

  /** Removes the least recently used of those without calls, else of all. */
  @GuardedBy("lock")
  private Connection evict() {
    Iterator<Connection> leastRecentFirst = connections.values().iterator();
    while (leastRecentFirst.hasNext()) {
      Connection candidate = leastRecentFirst.next();
      if (candidate.channel.getState(false) == ConnectivityState.IDLE) {
        leastRecentFirst.remove();
        return candidate;
      }
    }
    return connections.pollFirstEntry().getValue();
  }

  private ManagedChannel open(Target target) {
    NettyChannelBuilder builder =
        switch (target) {
          case Target.Tcp tcp ->
              NettyChannelBuilder.forAddress(tcp.address().host(), tcp.address().port())
                  .channelFactory(NioSocketChannel::new);
          case Target.Unix unix ->
              NettyChannelBuilder.forAddress(address(unix.path()))
                  .channelFactory(NioDomainSocketChannel::new, UnixDomainSocketAddress.class)
                  .overrideAuthority("localhost")
                  // gRPC sets it, and Netty warns that unix sockets have no such option.
                  .withOption(ChannelOption.SO_KEEPALIVE, null);
        };
    if (tls != null && target instanceof Target.Tcp) {
      builder.sslContext(tls);
    } else {
      builder.usePlaintext();
    }
    return builder
        .eventLoopGroup(loops.group())
        .withOption(ChannelOption.ALLOCATOR, loops.allocator())
        .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
        .directExecutor()
        // Programs of one cluster reach each other directly, whatever the JVM's proxy settings say.
        .proxyDetector(ignored -> null)
        // A fixed window: an adaptive one measures by pings, which a Go server counts.
        .flowControlWindow(FLOW_CONTROL_WINDOW)
        .maxInboundMessageSize(MAX_INBOUND_MESSAGE_BYTES)
        .keepAliveTime(5, TimeUnit.MINUTES)
        .keepAliveTimeout(20, TimeUnit.SECONDS)
        .keepAliveWithoutCalls(false)
        .idleTimeout(idle.toMillis(), TimeUnit.MILLISECONDS)
        .disableRetry()
        .build();
  }

  private static SocketAddress address(Path path) {
    return UnixDomainSocketAddress.of(path);
  }

  /** Finds the connection anew for each call. */
  private final class SharedChannel extends Channel {
    private final Target target;

    SharedChannel(Target target) {
      this.target = target;
    }

    @Override
    public <ReqT, RespT> ClientCall<ReqT, RespT> newCall(
        MethodDescriptor<ReqT, RespT> method, CallOptions options) {
      return acquire(target).newCall(method, options);
    }

    @Override
    public String authority() {
      return switch (target) {
        case Target.Tcp tcp -> tcp.address().toString();
        case Target.Unix ignored -> "localhost";
      };
    }
  }
}
