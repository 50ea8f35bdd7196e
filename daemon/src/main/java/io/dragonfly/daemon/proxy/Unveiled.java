package io.dragonfly.daemon.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections to hosts that are answered here: TLS is spoken in the host's place, and the requests
 * inside are answered like all others. Who does not speak TLS on it gets a tunnel after all.
 */
final class Unveiled {
  private static final Logger log = LoggerFactory.getLogger(Unveiled.class);

  /** Requests at once on a connection of HTTP/2; each has a thread, and most have a download. */
  static final int MOST_STREAMS = 100;

  /** What a client may send ahead of each request's body, in bytes. */
  private static final int WINDOW = 256 << 10;

  /** Streams that a client gives up, or is refused for its mistakes, within some seconds. */
  private static final int MOST_RESETS = 200;

  private static final int RESETS_SECONDS = 30;

  private static final int MOST_EMPTY_FRAMES = 16;
  private static final int IDLE_MINUTES = 2;

  private final Executor threads;
  private final Consumer<Exchange> answers;
  private final Duration patience;
  private final Relays relays;

  /**
   * @param threads a thread for each request
   * @param answers answers a request; returns when it is answered or given up
   * @param patience how long a client may be silent within a request, or take nothing of an answer
   * @param relays pass on what is more than an exchange
   */
  Unveiled(Executor threads, Consumer<Exchange> answers, Duration patience, Relays relays) {
    this.threads = threads;
    this.answers = answers;
    this.patience = patience;
    this.relays = relays;
  }

  /**
   * Answers on a connection in a place's stead.
   *
   * @param place where the tunnel goes if the client speaks something else
   */
  void open(Exchange exchange, OriginPlace place, SslContext tls) {
    Channel client = exchange.channel();
    client
        .eventLoop()
        .execute(() -> {
          if (client.isActive()) {
            Tunnel.establish(
                client,
                new FirstByte((ctx, isTls) -> {
                  if (isTls) {
                    speak(ctx, place, tls);
                  } else {
                    tunnel(ctx, place);
                  }
                }),
                Tunnel.ESTABLISHED);
            client.read();
          }
        });
  }

  private void speak(ChannelHandlerContext ctx, OriginPlace place, SslContext tls) {
    ChannelPipeline pipeline = ctx.pipeline();
    // TLS has its own farewell, and what it carries is answered as long as both sides are there.
    ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
    pipeline.addLast(tls.newHandler(ctx.alloc(), threads), new Negotiated(place));
    pipeline.remove(ctx.handler());
  }

  private void tunnel(ChannelHandlerContext ctx, OriginPlace place) {
    try {
      threads.execute(() -> {
        try {
          Channel client = ctx.channel();
          Channel remote = Tunnel.connect(client, place, () -> new Tunnel.End(client));
          ctx.executor().execute(() -> Tunnel.join(ctx, remote));
        } catch (Refusal e) {
          log.info("event=proxy_tunnel_failed place={} reason=\"{}\"", place, e.getMessage());
          var _ = ctx.close();
        }
      });
    } catch (RejectedExecutionException e) {
      var _ = ctx.close();
    }
  }

  /** Goes on when client and proxy have agreed on a protocol. */
  private final class Negotiated extends ApplicationProtocolNegotiationHandler {
    private final OriginPlace place;

    Negotiated(OriginPlace place) {
      super(ApplicationProtocolNames.HTTP_1_1);
      this.place = place;
    }

    @Override
    protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
      if (protocol.equals(ApplicationProtocolNames.HTTP_2)) {
        ctx.channel().config().setAutoRead(true);
        ctx.pipeline()
            .addLast(
                new IdleStateHandler(0, 0, IDLE_MINUTES, TimeUnit.MINUTES),
                connection(),
                new Http2MultiplexHandler(new Streams(place, relays.of(place))),
                new Idle());
      } else {
        AnswerEncoder encoder = new AnswerEncoder();
        ClientConnection connection =
            new ClientConnection(encoder, threads, answers, patience, Optional.of(place.name()));
        ctx.pipeline().addLast(new StrictDecoder(), encoder, new FlowControlHandler(), connection);
        connection.channelActive(ctx.pipeline().context(connection));
      }
    }

    @Override
    protected void handshakeFailure(ChannelHandlerContext ctx, Throwable cause) {
      log.info(
          "event=proxy_tls_failed place={} reason=\"{}\" hint=\"does the client trust what"
              + " 'dragonfly ca export' prints?\"",
          place.name(),
          cause.getMessage());
      var _ = ctx.close();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      log.debug("event=proxy_connection_failed cause={}", cause.toString());
      var _ = ctx.close();
    }
  }

  private static Http2FrameCodec connection() {
    return Http2FrameCodecBuilder.forServer()
        .initialSettings(
            Http2Settings.defaultSettings()
                .maxConcurrentStreams(MOST_STREAMS)
                .initialWindowSize(WINDOW)
                .maxHeaderListSize(StrictDecoder.LARGEST_HEADERS))
        .decoderEnforceMaxRstFramesPerWindow(MOST_RESETS, RESETS_SECONDS)
        .encoderEnforceMaxRstFramesPerWindow(MOST_RESETS, RESETS_SECONDS)
        .decoderEnforceMaxConsecutiveEmptyDataFrames(MOST_EMPTY_FRAMES)
        .validateHeaders(true)
        .validateRequiredPseudoHeaders(true)
        .build();
  }

  /** Makes the pipelines of requests. */
  @ChannelHandler.Sharable
  private final class Streams extends ChannelInitializer<Channel> {
    private final OriginPlace place;
    private final Relays.Relay relay;

    Streams(OriginPlace place, Relays.Relay relay) {
      this.place = place;
      this.relay = relay;
    }

    @Override
    protected void initChannel(Channel stream) {
      stream.config().setAutoRead(false);
      stream.config().setWriteBufferWaterMark(ProxyServer.AHEAD);
      stream
          .pipeline()
          .addLast(
              new StreamChoice(
                  relay,
                  () ->
                      new ChannelHandler[] {
                        new Http2StreamFrameToHttpObjectCodec(true),
                        new ClientStream(threads, answers, patience, place.name())
                      }));
    }
  }

  /** Closes a connection on which nothing happens and nothing is asked. */
  private static final class Idle extends ChannelInboundHandlerAdapter {
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
      if (event instanceof IdleStateEvent) {
        Http2FrameCodec codec = ctx.pipeline().get(Http2FrameCodec.class);
        if (codec == null || codec.connection().numActiveStreams() == 0) {
          var _ = ctx.close();
        }
      } else {
        super.userEventTriggered(ctx, event);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      log.debug("event=proxy_connection_failed cause={}", cause.toString());
      var _ = ctx.close();
    }
  }
}
