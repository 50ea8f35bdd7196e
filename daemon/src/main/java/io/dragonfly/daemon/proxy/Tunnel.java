package io.dragonfly.daemon.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.dragonfly.common.net.HostPort;
import io.dragonfly.daemon.source.Passage;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Two connections that pass on to each other what they receive, byte for byte, and the end of each
 * direction by itself. Reads from one only what the other took.
 */
final class Tunnel {
  private static final int CONNECT_MILLIS = 10_000;
  private static final int IDLE_MINUTES = 60;
  static final byte[] ESTABLISHED =
      "HTTP/1.1 200 Connection Established\r\n\r\n".getBytes(US_ASCII);

  private Tunnel() {}

  /**
   * Connects to the first address that answers and makes the client's connection one end of a
   * tunnel to it.
   *
   * @throws Refusal when none answers
   */
  static void open(Exchange exchange, OriginPlace place) throws Refusal, ClientGoneException {
    Channel client = exchange.channel();
    Channel remote;
    try {
      remote = connect(client, place, () -> new End(client));
    } catch (Refusal e) {
      if (exchange.gone().isCancelled()) {
        throw new ClientGoneException();
      }
      throw e;
    }
    exchange.becomesTunnel(HttpResponseStatus.OK);
    client
        .eventLoop()
        .execute(() -> {
          if (client.isActive()) {
            establish(client, new End(remote), ESTABLISHED);
            flow(client, remote);
          } else {
            var _ = remote.close();
          }
        });
  }

  /**
   * Connects to the first address that answers, of the place or of the proxy on the way there.
   *
   * @param handler of the new connection, which reads nothing by itself
   * @throws Refusal when none does, or the client has gone
   */
  static Channel connect(
      Channel client, OriginPlace place, Supplier<? extends ChannelHandler> handler)
      throws Refusal {
    if (place.via().isPresent()) {
      return connect(client, place.name(), place.via().get(), handler);
    }
    return connect(client, place.name(), place.addresses(), handler);
  }

  private static Channel connect(
      Channel client, HostPort place, Passage.Via via, Supplier<? extends ChannelHandler> handler)
      throws Refusal {
    HostPort proxy = new HostPort(via.host(), via.port());
    List<InetAddress> addresses;
    try {
      addresses = List.of(InetAddress.getAllByName(via.host()));
    } catch (UnknownHostException e) {
      throw noConnection(proxy, e);
    }
    List<ProxiedWay> ways = new ArrayList<>(); // One for each address that is tried.
    Channel remote =
        connect(
            client,
            proxy,
            addresses,
            () -> {
              ProxiedWay way = new ProxiedWay(place, via);
              ways.add(way);
              return new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel made) {
                  made.pipeline().addLast(way, handler.get());
                }
              };
            });
    try {
      ways.getLast().agreed.join();
      return remote;
    } catch (CompletionException e) {
      throw noConnection(place, e.getCause() == null ? e : e.getCause());
    }
  }

  private static Channel connect(
      Channel client,
      HostPort place,
      List<InetAddress> addresses,
      Supplier<? extends ChannelHandler> handler)
      throws Refusal {
    Throwable why = new IllegalArgumentException("no address");
    for (InetAddress address : addresses) {
      ChannelFuture connecting =
          bootstrap(client)
              .handler(handler.get())
              .connect(new InetSocketAddress(address, place.port()))
              .awaitUninterruptibly();
      if (connecting.isSuccess()) {
        return connecting.channel();
      }
      why = connecting.cause();
      if (!client.isActive()) {
        break;
      }
    }
    throw noConnection(place, why);
  }

  private static Refusal noConnection(HostPort place, Throwable why) {
    return new Refusal(
        HttpResponseStatus.BAD_GATEWAY,
        Refusal.Type.BACKEND,
        "No connection to " + place + ": " + why.getMessage());
  }

  /** For connections on the event loop of a client's, which read nothing by themselves. */
  private static Bootstrap bootstrap(Channel client) {
    return new Bootstrap()
        .group(client.eventLoop())
        .channel(NioSocketChannel.class)
        .option(ChannelOption.ALLOCATOR, client.alloc())
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS);
  }

  /**
   * Event loop: tells the client that its connection leads to the place it asked for. What it sends
   * from now on, and has sent early, comes to a handler as it is.
   *
   * @param head of the answer
   */
  static void establish(Channel client, ChannelHandler next, byte[] head) {
    ChannelPipeline pipeline = client.pipeline();
    pipeline.addLast(next);
    // What the client sent early comes out of the handlers that are removed, in its order.
    pipeline.remove(ClientConnection.class);
    pipeline.remove(AnswerEncoder.class);
    var _ = client.writeAndFlush(Unpooled.wrappedBuffer(head));
    pipeline.remove(StrictDecoder.class);
    pipeline.remove(FlowControlHandler.class);
  }

  /**
   * Event loop: both sides agreed to speak something else after the head of the answer.
   *
   * @param last the handlers of the origin's connection that understood its answer, the first first
   */
  static void switched(
      Channel client, byte[] head, Channel remote, List<Class<? extends ChannelHandler>> last) {
    if (!client.isActive() || !remote.isActive()) {
      var _ = client.close();
      var _ = remote.close();
      return;
    }
    establish(client, new End(remote), head);
    remote.pipeline().addLast(new End(client));
    last.forEach(remote.pipeline()::remove);
    flow(client, remote);
  }

  /** Event loop: a tunnel begins where a handler of the client's connection was. */
  static void join(ChannelHandlerContext ctx, Channel remote) {
    if (!ctx.channel().isActive()) {
      var _ = remote.close();
      return;
    }
    ctx.pipeline().addLast(new End(remote));
    ctx.pipeline().remove(ctx.handler());
    flow(ctx.channel(), remote);
  }

  private static void flow(Channel client, Channel remote) {
    for (Channel end : List.of(client, remote)) {
      // TLS has its own farewell: its connections end as a whole.
      end.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, tls(end) == null);
      end.pipeline().addFirst(new IdleStateHandler(0, 0, IDLE_MINUTES, TimeUnit.MINUTES));
      if (((DuplexChannel) end).isInputShutdown()) {
        end.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
      } else {
        end.read();
      }
    }
  }

  static @Nullable SslHandler tls(Channel channel) {
    return channel.pipeline().get(SslHandler.class);
  }

  /** Sends no more. */
  static void shutdownOutput(Channel channel) {
    SslHandler tls = tls(channel);
    var _ = tls == null ? ((DuplexChannel) channel).shutdownOutput() : tls.closeOutbound();
  }

  /** One end; the other is where its bytes go. */
  static final class End extends ChannelInboundHandlerAdapter {
    private final Channel other;

    End(Channel other) {
      this.other = other;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object bytes) {
      if (bytes instanceof StrictDecoder.End) {
        return; // Told by the channel itself when the tunnel begins.
      }
      if (!other.isActive()) {
        ReferenceCountUtil.release(bytes);
        var _ = ctx.close();
        return;
      }
      var _ =
          other
              .writeAndFlush(bytes)
              .addListener(
                  (ChannelFutureListener)
                      written -> {
                        if (written.isSuccess()) {
                          ctx.read();
                        } else {
                          var _ = ctx.close();
                        }
                      });
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        var _ =
            other
                .writeAndFlush(Unpooled.EMPTY_BUFFER)
                .addListener(_ -> {
                  DuplexChannel target = (DuplexChannel) other;
                  if (target.isActive() && !target.isInputShutdown()) {
                    shutdownOutput(target);
                  } else {
                    var _ = ctx.close();
                    var _ = target.close();
                  }
                });
      } else if (event instanceof IdleStateEvent) {
        var _ = ctx.close();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      var _ = other.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      var _ = ctx.close();
    }
  }
}
