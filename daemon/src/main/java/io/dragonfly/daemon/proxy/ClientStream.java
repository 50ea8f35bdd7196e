package io.dragonfly.daemon.proxy;

import io.dragonfly.common.net.HostPort;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.HttpConversionUtil;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request of HTTP/2 and its answer, in a stream of its own, answered on a thread of its own. A
 * client may send as much ahead as the stream's window allows; that is opened again as its body is
 * read. An answer that breaks resets the stream.
 */
final class ClientStream extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(ClientStream.class);

  private final Executor threads;
  private final Consumer<Exchange> answers;
  private final Duration patience;
  private final HostPort place;
  private @Nullable Exchange exchange;

  ClientStream(Executor threads, Consumer<Exchange> answers, Duration patience, HostPort place) {
    this.threads = threads;
    this.answers = answers;
    this.patience = patience;
    this.place = place;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ctx.read();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    Exchange running = exchange;
    if (message instanceof HttpRequest request && running == null) {
      boolean whole = message instanceof LastHttpContent;
      start(ctx, request, !whole);
      ReferenceCountUtil.release(message);
    } else if (message instanceof HttpContent part && running != null) {
      running.body().offer(part.content(), part instanceof LastHttpContent);
    } else {
      ReferenceCountUtil.release(message);
    }
  }

  private void start(ChannelHandlerContext ctx, HttpRequest request, boolean hasBody) {
    for (var name : HttpConversionUtil.ExtensionHeaderNames.values()) {
      request.headers().remove(name.text());
    }
    Exchange made =
        new Exchange(
            ctx.channel(), request, hasBody, patience, Optional.of(place), () -> reset(ctx));
    exchange = made;
    if (Requests.mistake(request) != null) {
      reset(ctx, Http2Error.PROTOCOL_ERROR);
      return;
    }
    try {
      threads.execute(() -> {
        answers.accept(made);
        ctx.executor().execute(() -> ended(ctx, made));
      });
    } catch (RejectedExecutionException e) {
      reset(ctx, Http2Error.REFUSED_STREAM);
    }
  }

  /** Who was answered before it sent all that it announced need not send the rest. */
  private static void ended(ChannelHandlerContext ctx, Exchange exchange) {
    if (!exchange.body().isWhole() && ctx.channel().isActive()) {
      exchange.body().abandon();
      reset(ctx, Http2Error.NO_ERROR);
    }
  }

  private static void reset(ChannelHandlerContext ctx) {
    reset(ctx, Http2Error.INTERNAL_ERROR);
  }

  private static void reset(ChannelHandlerContext ctx, Http2Error error) {
    var _ = ctx.channel().writeAndFlush(new DefaultHttp2ResetFrame(error));
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    Exchange running = exchange;
    if (running != null) {
      running.writabilityChanged();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    Exchange running = exchange;
    if (running != null) {
      running.clientLeft();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    log.debug("event=proxy_stream_failed cause={}", cause.toString());
    reset(ctx, Http2Error.PROTOCOL_ERROR);
  }
}
