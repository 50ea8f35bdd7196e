package io.dragonfly.daemon.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.util.concurrent.Future;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for the head of a request of HTTP/2 and chooses whether its frames are relayed or it is
 * answered like all others. It is answered, too, where the origin does not let it be relayed.
 */
final class StreamChoice extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(StreamChoice.class);

  private final Relays.Relay relay;
  private final Supplier<ChannelHandler[]> answering;

  /**
   * @param answering handlers that have a request answered
   */
  StreamChoice(Relays.Relay relay, Supplier<ChannelHandler[]> answering) {
    this.relay = relay;
    this.answering = answering;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ctx.read();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof Http2HeadersFrame head && relay.concerns(head.headers())) {
      var _ =
          relay
              .open(ctx.channel())
              .addListener((Future<Http2StreamChannel> opened) -> {
                if (!ctx.channel().isActive()) {
                  opened.addListener(StreamChoice::giveUp);
                } else if (opened.isSuccess()) {
                  relay(ctx, head, opened.getNow());
                } else {
                  log.debug("event=proxy_not_relayed reason=\"{}\"", opened.cause().getMessage());
                  answer(ctx, head);
                }
              });
    } else {
      answer(ctx, message);
    }
  }

  private static void giveUp(Future<? super Http2StreamChannel> opened) {
    if (opened.isSuccess()) {
      var _ = ((Channel) opened.getNow()).close();
    }
  }

  private void relay(ChannelHandlerContext ctx, Http2HeadersFrame head, Channel origin) {
    relay.join(ctx.channel(), origin, head.headers());
    pass(ctx, head);
    origin.read();
  }

  private void answer(ChannelHandlerContext ctx, Object message) {
    ctx.pipeline().addLast(answering.get());
    pass(ctx, message);
  }

  private void pass(ChannelHandlerContext ctx, Object message) {
    ctx.fireChannelRead(message);
    if (!ctx.isRemoved()) {
      ctx.pipeline().remove(this);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    log.debug("event=proxy_stream_failed cause={}", cause.toString());
    var _ = ctx.close();
  }
}
