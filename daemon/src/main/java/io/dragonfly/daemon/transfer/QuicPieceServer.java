package io.dragonfly.daemon.transfer;

import io.dragonfly.common.rpc.EventLoops;
import io.dragonfly.common.tls.TlsException;
import io.dragonfly.daemon.storage.PieceStore;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the pieces of a store over QUIC to children of ours, in the frames of {@link
 * PieceProtocol}: a stream for each request.
 *
 * <p>Until the first packet comes there is only a socket: QUIC and its native library are loaded
 * then. Where there is no library for this machine, a warning says so and nobody is answered.
 */
public final class QuicPieceServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(QuicPieceServer.class);
  private static final int MOST_EARLY = 64;
  private static final int MOST_HALF_OPEN = 64;

  private final PieceServerOptions options;
  private final EventLoops loops;
  private final StreamServing serving;
  private final QuicAdmission admission;
  private @Nullable Channel socket;

  /** Not started. */
  public QuicPieceServer(PieceStore store, PieceServerOptions options, EventLoops loops) {
    this(store, options, loops, MOST_HALF_OPEN);
  }

  QuicPieceServer(
      PieceStore store, PieceServerOptions options, EventLoops loops, int mostHalfOpen) {
    this.options = options;
    this.loops = loops;
    this.serving = new StreamServing(store, options);
    this.admission =
        new QuicAdmission(
            Math.max(1, options.maxConnections() / 4),
            options.maxConnectionsPerHost(),
            mostHalfOpen);
  }

  /** Whether there is a native library of QUIC for this machine. */
  public static boolean isSupported() {
    String processor =
        switch (System.getProperty("os.arch", "").toLowerCase(Locale.ROOT)) {
          case "amd64", "x86_64" -> "x86_64";
          case "aarch64", "arm64" -> "aarch_64";
          default -> "";
        };
    return System.getProperty("os.name", "").equals("Linux")
        && QuicPieceServer.class
                .getClassLoader()
                .getResource("META-INF/native/libnetty_quiche42_linux_" + processor + ".so")
            != null;
  }

  public void start() throws IOException {
    ChannelFuture bound = QuicSockets.bind(loops, new FirstPacket(), options.bind());
    if (!bound.isSuccess()) {
      throw new IOException(
          "pieces can't be served over QUIC on "
              + options.bind()
              + ": "
              + bound.cause().getMessage()
              + ". Stop the program that uses the port, or set another storage.server.quicPort",
          bound.cause());
    }
    socket = bound.channel();
  }

  /** The port it listens on, once started. */
  public int port() {
    Channel open = socket;
    if (open == null) {
      throw new IllegalStateException("the QUIC piece server isn't started");
    }
    return ((InetSocketAddress) open.localAddress()).getPort();
  }

  /** Of content sent since the start. */
  public long bytes() {
    return serving.bytes();
  }

  /** Connections that shook hands; those about to. As of lately. */
  int connections() {
    return admission.openCount();
  }

  int halfOpenConnections() {
    return admission.halfOpenCount();
  }

  @Override
  public void close() {
    Channel open = socket;
    if (open != null) {
      open.close().awaitUninterruptibly(1000);
    }
    serving.close();
  }

  private void serve(QuicStreamChannel channel) {
    QuicStream stream = new QuicStream(channel, options.stallTimeout());
    channel.pipeline().addLast(stream);
    QuicChannel connection = channel.parent();
    if (!admission.streamBegan(connection)) {
      stream.close(); // The connection is being refused.
      return;
    }
    serving.begin(
        stream, () -> channel.eventLoop().execute(() -> admission.streamEnded(connection)));
  }

  /** Keeps the first packets while QUIC is loaded, then leaves the socket to it. */
  private final class FirstPacket extends ChannelInboundHandlerAdapter {
    private final Queue<Object> early = new ArrayDeque<>();
    private boolean loading;
    private boolean failed;

    @Override
    public void channelRead(ChannelHandlerContext context, Object packet) {
      if (failed || early.size() >= MOST_EARLY) {
        ReferenceCountUtil.release(packet);
        return;
      }
      early.add(packet);
      if (!loading) {
        loading = true;
        Thread.ofVirtual().name("load-quic").start(() -> load(context));
      }
    }

    private void load(ChannelHandlerContext context) {
      try {
        ChannelHandler codec = QuicCodecs.server(admission, QuicPieceServer.this::serve);
        context.executor().execute(() -> handOver(context, codec));
      } catch (TlsException | RuntimeException | LinkageError e) {
        log.warn("event=quic_not_available port={} cause={}", port(), e.toString());
        context.executor().execute(this::fail);
      }
    }

    private void handOver(ChannelHandlerContext context, ChannelHandler codec) {
      context.pipeline().addFirst(codec);
      context.pipeline().remove(this);
      log.info("event=quic_began port={}", port());
      Channel channel = context.channel();
      for (Object packet = early.poll(); packet != null; packet = early.poll()) {
        channel.pipeline().fireChannelRead(packet);
      }
      channel.pipeline().fireChannelReadComplete();
    }

    private void fail() {
      failed = true;
      early.forEach(ReferenceCountUtil::release);
      early.clear();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
      if (!context.channel().isOpen()) {
        fail();
      }
    }
  }
}
