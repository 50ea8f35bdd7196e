package io.dragonfly.daemon.proxy;

import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.tls.CertificateAuthority;
import io.dragonfly.daemon.source.Passage;
import io.dragonfly.daemon.source.Sources;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves the proxy's port from {@link #start} until closed. */
public final class ProxyServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ProxyServer.class);

  private static final int MOST_CONNECTIONS = 4096;
  private static final long CLOSE_SECONDS = 5;

  /** What is written ahead of a client that takes it slowly, in bytes. */
  static final WriteBufferWaterMark AHEAD = new WriteBufferWaterMark(128 << 10, 256 << 10);

  private final ProxyOptions options;
  private final EventLoops loops;
  private final TaskDownloads downloads;
  private final Sources sources;
  private final Passage passage;
  private final ProxyWatch watch;
  private final Supplier<Optional<CertificateAuthority>> authority;
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("proxy-", 1).factory());
  private @Nullable Channel server;

  /**
   * Wires a server.
   *
   * @param passage for what goes to its origin as it is
   * @param sources for the rest of a task that fails midway
   * @param watch is told of each request
   * @param authority certifies hosts that are answered in their stead; empty while none are. Asked
   *     again for each connection that it concerns; may block
   */
  public ProxyServer(
      ProxyOptions options,
      EventLoops loops,
      TaskDownloads downloads,
      Sources sources,
      Passage passage,
      ProxyWatch watch,
      Supplier<Optional<CertificateAuthority>> authority) {
    this.options = options;
    this.loops = loops;
    this.downloads = downloads;
    this.sources = sources;
    this.passage = passage;
    this.watch = watch;
    this.authority = authority;
  }

  /**
   * Serves when it returns.
   *
   * @throws IOException when the port can't be had
   */
  public void start() throws IOException {
    ChannelFuture binding =
        new ServerBootstrap()
            .group(loops.group())
            .channelFactory(ClientSocket.Listening::new)
            .option(ChannelOption.SO_BACKLOG, 1024)
            .childOption(ChannelOption.ALLOCATOR, loops.allocator())
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, AHEAD)
            .childHandler(new Connections())
            .bind(options.address())
            .awaitUninterruptibly();
    if (!binding.isSuccess()) {
      throw new IOException(
          "cannot listen on "
              + options.address()
              + " for the proxy: "
              + binding.cause().getMessage()
              + ". Free the port, or set another proxy.server.port",
          binding.cause());
    }
    server = binding.channel();
  }

  /** The port it listens on, once started. */
  public int port() {
    if (server == null) {
      throw new IllegalStateException("the proxy has not been started");
    }
    return ((InetSocketAddress) server.localAddress()).getPort();
  }

  /** Takes no more connections and cuts off those there are; waits for seconds at most. */
  @Override
  public void close() {
    if (server != null) {
      server.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    }
    connections.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    threads.shutdownNow();
    try {
      if (!threads.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        log.warn("event=proxy_requests_not_ended");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Makes the pipelines; what they have in common is made with the first connection. */
  private final class Connections extends ChannelInitializer<SocketChannel> {
    private @Nullable Dispatch dispatch;

    private synchronized Dispatch dispatch() {
      if (dispatch == null) {
        dispatch =
            new Dispatch(options, downloads, sources, passage, watch, port(), authority, threads);
      }
      return dispatch;
    }

    @Override
    protected void initChannel(SocketChannel channel) {
      if (connections.size() >= MOST_CONNECTIONS) {
        log.warn("event=proxy_client_refused connections={}", MOST_CONNECTIONS);
        var _ = channel.close();
        return;
      }
      connections.add(channel);
      AnswerEncoder encoder = new AnswerEncoder();
      channel
          .pipeline()
          .addLast(
              new StrictDecoder(),
              encoder,
              new FlowControlHandler(),
              new ClientConnection(
                  encoder, threads, dispatch()::answer, options.patience(), Optional.empty()));
    }
  }
}
