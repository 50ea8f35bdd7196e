package io.dragonfly.daemon.proxy;

import io.dragonfly.common.net.HostPort;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection: one request after the other, each answered on a thread of its own. Reads
 * one message at a time, and after a request's end once more, to notice a client that goes away.
 *
 * <p>A client that closes its sending half after a whole request gets its answer. One that went
 * away altogether looks the same until it is sent something: while it waits for an answer that does
 * not begin, it is sent an interim one (RFC 9110, 15.2) now and then.
 */
final class ClientConnection extends ChannelDuplexHandler {
  private static final Logger log = LoggerFactory.getLogger(ClientConnection.class);

  /** For a whole head of a request, and for the pause between two requests. */
  private static final Duration IDLE = Duration.ofMinutes(2);

  /** How long what a client still sends is taken after an answer that came early. */
  private static final long LINGER_SECONDS = 2;

  private static final long FIRST_PROBE_SECONDS = 1;

  private final AnswerEncoder encoder;
  private final Executor threads;
  private final Consumer<Exchange> answers;
  private final Duration patience;
  private final Optional<HostPort> inside;

  private @Nullable Exchange current;
  private @Nullable HttpRequest next;
  private @Nullable Future<?> idle;
  private boolean lingering;

  /** The client sends nothing more. */
  private boolean ended;

  /** A message was asked for and did not come yet: what came on the network was not enough. */
  private boolean wanting;

  /**
   * @param threads a thread for each request
   * @param answers answers a request; returns when it is answered or given up
   * @param patience how long the client may be silent within a request, or take nothing of an
   *     answer
   * @param inside the place in whose stead this connection is answered
   */
  ClientConnection(
      AnswerEncoder encoder,
      Executor threads,
      Consumer<Exchange> answers,
      Duration patience,
      Optional<HostPort> inside) {
    this.encoder = encoder;
    this.threads = threads;
    this.answers = answers;
    this.patience = patience;
    this.inside = inside;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    awaitRequest(ctx);
    read(ctx);
  }

  private void awaitRequest(ChannelHandlerContext ctx) {
    idle = ctx.executor().schedule(closing(ctx), IDLE.toSeconds(), TimeUnit.SECONDS);
  }

  private static Runnable closing(ChannelHandlerContext ctx) {
    return () -> {
      var _ = ctx.close();
    };
  }

  @Override
  public void read(ChannelHandlerContext ctx) {
    wanting = true;
    ctx.read();
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (wanting) {
      ctx.read();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    wanting = false;
    if (message instanceof StrictDecoder.End) {
      noMore(ctx);
    } else if (lingering) {
      ReferenceCountUtil.release(message);
      read(ctx);
    } else if (message instanceof HttpRequest request) {
      HttpResponseStatus mistake = Requests.mistake(request);
      if (mistake != null) {
        refuse(ctx, mistake);
      } else if (current != null) {
        next = request;
      } else {
        start(ctx, request);
      }
    } else if (message instanceof HttpContent part) {
      take(ctx, part);
    } else {
      ReferenceCountUtil.release(message);
    }
  }

  private void noMore(ChannelHandlerContext ctx) {
    Exchange running = current;
    if (running == null || lingering || !running.body().isWhole()) {
      var _ = ctx.close();
    } else {
      ended = true;
      probe(ctx, running, FIRST_PROBE_SECONDS);
    }
  }

  /** What a closed socket answers to it closes this one. */
  private void probe(ChannelHandlerContext ctx, Exchange running, long seconds) {
    HttpRequest request = running.request();
    if (request.protocolVersion().equals(HttpVersion.HTTP_1_1)
        && !request.method().equals(HttpMethod.CONNECT)) {
      var _ =
          ctx.executor()
              .schedule(
                  () -> {
                    if (current == running && !running.hasBegun() && ctx.channel().isActive()) {
                      running.proceed(HttpResponseStatus.PROCESSING);
                      probe(ctx, running, 2 * seconds);
                    }
                  },
                  seconds,
                  TimeUnit.SECONDS);
    }
  }

  private void refuse(ChannelHandlerContext ctx, HttpResponseStatus status) {
    lingering = true;
    Exchange running = current;
    if (running != null) {
      // The one before is not answered yet, and what follows it can't be told from its end.
      var _ = ctx.close();
      return;
    }
    var answer = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.EMPTY_BUFFER);
    answer.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    answer.headers().set(HttpHeaderNames.CONTENT_LENGTH, 0);
    answer.headers().set(Answers.ERROR_TYPE, Refusal.Type.PROXY);
    var _ = ctx.writeAndFlush(answer);
    linger(ctx);
  }

  private void start(ChannelHandlerContext ctx, HttpRequest request) {
    if (idle != null) {
      idle.cancel(false);
    }
    boolean hasBody =
        HttpUtil.isTransferEncodingChunked(request) || HttpUtil.getContentLength(request, 0L) > 0;
    Exchange exchange =
        new Exchange(
            ctx.channel(), request, hasBody, patience, inside, () -> cutOff(ctx.channel()));
    current = exchange;
    encoder.bodiless(exchange.isBodiless(HttpResponseStatus.OK));
    if (!hasBody) {
      read(ctx);
    }
    try {
      threads.execute(() -> {
        try {
          answers.accept(exchange);
        } finally {
          finish(ctx, exchange);
        }
      });
    } catch (RejectedExecutionException e) {
      var _ = ctx.close();
    }
  }

  private void finish(ChannelHandlerContext ctx, Exchange exchange) {
    try {
      ctx.executor().execute(() -> answered(ctx, exchange));
    } catch (RejectedExecutionException e) {
      log.debug("event=proxy_connection_ended_late");
    }
  }

  private void take(ChannelHandlerContext ctx, HttpContent part) {
    Exchange exchange = current;
    if (exchange == null || part.decoderResult().isFailure()) {
      part.release();
      if (part.decoderResult().isFailure()) {
        var _ = ctx.close();
      }
      return;
    }
    boolean last = part instanceof LastHttpContent;
    exchange.body().offer(part.content(), last);
    if (last) {
      read(ctx);
    }
  }

  private void answered(ChannelHandlerContext ctx, Exchange exchange) {
    if (current != exchange || ctx.isRemoved() || !ctx.channel().isActive()) {
      return;
    }
    current = null;
    if (!exchange.isReusable()) {
      if (exchange.hasBegun() && !exchange.body().isWhole()) {
        exchange.body().abandon();
        lingering = true;
        read(ctx);
        linger(ctx);
      } else {
        var _ = ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      }
      return;
    }
    HttpRequest waiting = next;
    next = null;
    if (waiting != null) {
      start(ctx, waiting);
    } else if (ended) {
      var _ = ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    } else {
      awaitRequest(ctx);
    }
  }

  /** A socket closed with something unread would take back the answer, too. */
  private void linger(ChannelHandlerContext ctx) {
    var _ =
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER)
            .addListener(_ -> {
              Tunnel.shutdownOutput(ctx.channel());
              read(ctx);
            });
    var _ = ctx.executor().schedule(closing(ctx), LINGER_SECONDS, TimeUnit.SECONDS);
  }

  /** By a reset, and without the farewell of TLS: neither may look like a proper end. */
  private static void cutOff(Channel channel) {
    try {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
    } catch (ChannelException e) {
      // It is closed already.
    }
    ChannelHandlerContext first = channel.pipeline().firstContext();
    var _ = first == null ? channel.close() : first.close();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    Exchange exchange = current;
    if (exchange != null) {
      exchange.writabilityChanged();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (idle != null) {
      idle.cancel(false);
    }
    Exchange exchange = current;
    if (exchange != null) {
      exchange.clientLeft();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    log.debug("event=proxy_connection_failed cause={}", cause.toString());
    var _ = ctx.close();
  }
}
