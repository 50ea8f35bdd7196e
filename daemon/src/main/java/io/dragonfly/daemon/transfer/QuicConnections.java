package io.dragonfly.daemon.transfer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.rpc.EventLoops;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A QUIC connection to each parent, made when it is first needed and again when it is gone; a
 * stream of it for each request. Idle connections end by themselves. QUIC is loaded with the first.
 */
public final class QuicConnections implements AutoCloseable {
  private static final int MOST_CONNECTIONS = 256;

  private final EventLoops loops;
  private final InetSocketAddress local;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<InetSocketAddress, QuicChannel> connections =
      new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true);

  @GuardedBy("lock")
  private @Nullable Channel socket;

  public QuicConnections(EventLoops loops) {
    this(loops, new InetSocketAddress(0));
  }

  /**
   * @param local where the packets come from
   */
  QuicConnections(EventLoops loops, InetSocketAddress local) {
    this.loops = loops;
    this.local = local;
  }

  /**
   * Opens a stream. Blocks.
   *
   * @param patience the longest wait for the connection, and for the stream
   * @throws IOException when the parent isn't reached, or this machine has no QUIC
   */
  QuicStream open(InetSocketAddress parent, Duration patience, Duration silence)
      throws IOException {
    QuicChannel connection = connection(parent, patience);
    QuicStream[] opened = new QuicStream[1];
    QuicStreamChannel channel =
        await(
            connection.createStream(
                QuicStreamType.BIDIRECTIONAL,
                new ChannelInitializer<QuicStreamChannel>() {
                  @Override
                  protected void initChannel(QuicStreamChannel stream) {
                    stream.config().setAutoRead(false);
                    opened[0] = new QuicStream(stream, silence);
                    stream.pipeline().addLast(opened[0]);
                  }
                }),
            patience);
    QuicStream stream = opened[0];
    if (stream == null) {
      throw new IOException("the stream " + channel.id() + " has no handler");
    }
    return stream;
  }

  private QuicChannel connection(InetSocketAddress parent, Duration patience) throws IOException {
    Future<QuicChannel> connecting;
    lock.lock();
    try {
      QuicChannel known = connections.get(parent);
      if (known != null && known.isActive()) {
        return known;
      }
      connecting =
          QuicChannel.newBootstrap(socket())
              .handler(new QuicCodecs.Quiet())
              .streamHandler(new QuicCodecs.Quiet())
              .remoteAddress(parent)
              .connect();
    } finally {
      lock.unlock();
    }
    QuicChannel made = await(connecting, patience);
    lock.lock();
    try {
      QuicChannel other = connections.get(parent);
      if (other != null && other.isActive()) {
        end(made);
        return other;
      }
      connections.put(parent, made);
      connections.values().removeIf(connection -> !connection.isActive());
      if (connections.size() > MOST_CONNECTIONS) {
        var eldest = connections.entrySet().iterator();
        end(eldest.next().getValue());
        eldest.remove();
      }
      return made;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private Channel socket() throws IOException {
    Channel open = socket;
    if (open != null) {
      return open;
    }
    try {
      open = opened(QuicSockets.bind(loops, QuicCodecs.client(), local));
    } catch (LinkageError e) {
      throw new IOException(
          "this machine has no native library of QUIC: set download.protocol to tcp", e);
    }
    socket = open;
    return open;
  }

  private static Channel opened(ChannelFuture bound) throws IOException {
    if (!bound.isSuccess()) {
      throw new IOException("no UDP socket: " + bound.cause().getMessage(), bound.cause());
    }
    return bound.channel();
  }

  private static <T extends Channel> T await(Future<T> future, Duration patience)
      throws IOException {
    try {
      if (!future.await(patience.toNanos(), TimeUnit.NANOSECONDS)) {
        endWhenLate(future);
        throw new InterruptedIOException("no answer within " + patience.toMillis() + " ms");
      }
    } catch (InterruptedException e) {
      endWhenLate(future);
      Thread.currentThread().interrupt();
      throw new ClosedByInterruptException();
    }
    if (!future.isSuccess()) {
      Throwable cause = future.cause();
      throw new IOException(String.valueOf(cause == null ? null : cause.getMessage()), cause);
    }
    return future.getNow();
  }

  /** Netty takes no cancellation of these. */
  private static <T extends Channel> void endWhenLate(Future<T> future) {
    Future<T> _ =
        future.addListener((Future<T> late) -> {
          if (late.isSuccess()) {
            ChannelFuture _ = late.getNow().close();
          }
        });
  }

  private static void end(QuicChannel connection) {
    ChannelFuture _ = connection.close();
  }

  @Override
  public void close() {
    lock.lock();
    try {
      connections.values().forEach(QuicConnections::end);
      connections.clear();
      if (socket != null) {
        socket.close().awaitUninterruptibly(1000);
      }
    } finally {
      lock.unlock();
    }
  }
}
