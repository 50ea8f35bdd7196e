package io.dragonfly.daemon.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Waits for the first byte that a client sends on a connection to a place, and says whether it is
 * the beginning of TLS (RFC 8446, 5.1). A client that sends nothing waits for the other side to
 * begin, which no client of TLS does. What came is kept until this handler is removed, and goes to
 * the one after it.
 */
final class FirstByte extends ChannelInboundHandlerAdapter {
  private static final byte HANDSHAKE = 22;
  private static final long PATIENCE_SECONDS = 3;

  private final BiConsumer<ChannelHandlerContext, Boolean> decided;
  private final Queue<ByteBuf> early = new ArrayDeque<>();
  private @Nullable Future<?> waiting;
  private boolean known;

  /**
   * @param decided is told once, on the event loop, whether the client speaks TLS
   */
  FirstByte(BiConsumer<ChannelHandlerContext, Boolean> decided) {
    this.decided = decided;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    waiting = ctx.executor().schedule(() -> decide(ctx, false), PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof ByteBuf bytes)) {
      // The client sends no more, which the tunnel finds out for itself.
      decide(ctx, false);
      return;
    }
    if (!bytes.isReadable()) {
      bytes.release();
      ctx.read();
      return;
    }
    early.add(bytes);
    decide(ctx, bytes.getByte(bytes.readerIndex()) == HANDSHAKE);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      decide(ctx, false);
    }
  }

  private void decide(ChannelHandlerContext ctx, boolean tls) {
    if (!known && !ctx.isRemoved()) {
      known = true;
      decided.accept(ctx, tls);
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    if (waiting != null) {
      waiting.cancel(false);
    }
    for (ByteBuf bytes = early.poll(); bytes != null; bytes = early.poll()) {
      if (ctx.channel().isActive()) {
        ctx.fireChannelRead(bytes);
      } else {
        ReferenceCountUtil.release(bytes);
      }
    }
    ctx.fireChannelReadComplete();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    var _ = ctx.close();
  }
}
