package io.dragonfly.daemon.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.dragonfly.common.net.HostPort;
import io.dragonfly.daemon.source.Passage;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks another proxy, to which its connection leads, for the way to a place (RFC 9110, 9.3.6). The
 * handlers behind it hear that the connection is active when the proxy has agreed; what comes from
 * the place with the proxy's answer is kept until they read.
 */
final class ProxiedWay extends ChannelDuplexHandler {
  private static final int LONGEST_ANSWER = 16 << 10;
  private static final int PATIENCE_SECONDS = 10;
  private static final byte[] END = {'\r', '\n', '\r', '\n'};

  /** Told on the event loop; fails with what the proxy said instead. */
  final CompletableFuture<Void> agreed = new CompletableFuture<>();

  private final HostPort place;
  private final Passage.Via via;
  private ByteBuf answer = Unpooled.EMPTY_BUFFER;
  private @Nullable Future<?> limit;

  ProxiedWay(HostPort place, Passage.Via via) {
    this.place = place;
    this.via = via;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    answer = ctx.alloc().buffer();
    limit =
        ctx.executor()
            .schedule(
                () -> fail(ctx, "nothing came for " + PATIENCE_SECONDS + " s"),
                PATIENCE_SECONDS,
                TimeUnit.SECONDS);
    String user =
        via.user().isEmpty()
            ? ""
            : "Proxy-Authorization: Basic "
                + Base64.getEncoder()
                    .encodeToString((via.user() + ":" + via.password()).getBytes(ISO_8859_1))
                + "\r\n";
    String ask = "CONNECT " + place + " HTTP/1.1\r\nHost: " + place + "\r\n" + user + "\r\n";
    var _ = ctx.writeAndFlush(Unpooled.copiedBuffer(ask, ISO_8859_1));
    ctx.read();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    answer.writeBytes(bytes);
    bytes.release();
    String text = answer.toString(ISO_8859_1);
    int end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      if (text.length() > LONGEST_ANSWER) {
        fail(ctx, "its answer has no end");
      }
      return;
    }
    String first = text.substring(0, text.indexOf('\r'));
    if (!first.matches("HTTP/1\\.[01] 200( .*)?")) {
      fail(ctx, "it answers \"" + first + "\"");
      return;
    }
    answer.skipBytes(end + END.length);
    ctx.fireChannelActive();
    if (!answer.isReadable()) {
      ctx.pipeline().remove(this);
    }
    agreed.complete(null);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (!agreed.isDone()) {
      ctx.read();
    }
  }

  @Override
  public void read(ChannelHandlerContext ctx) {
    if (!agreed.isDone()) {
      return; // Its own reading goes another way.
    }
    ByteBuf rest = answer.retainedSlice();
    ctx.fireChannelRead(rest);
    ctx.pipeline().remove(this);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    if (limit != null) {
      limit.cancel(false);
    }
    answer.release();
  }

  private void fail(ChannelHandlerContext ctx, String why) {
    agreed.completeExceptionally(
        new IOException(
            "the proxy " + new HostPort(via.host(), via.port()) + " does not lead there: " + why));
    var _ = ctx.close();
  }

  /** Who asked says why there is no way: the handlers behind know of no connection yet. */
  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    fail(ctx, "it closed the connection");
    if (isAgreed()) {
      ctx.fireChannelInactive();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (isAgreed()) {
      ctx.fireUserEventTriggered(event);
    } else if (event instanceof ChannelInputShutdownEvent) {
      fail(ctx, "it sends no more");
    }
  }

  private boolean isAgreed() {
    return agreed.isDone() && !agreed.isCompletedExceptionally();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    fail(ctx, String.valueOf(cause.getMessage()));
  }
}
