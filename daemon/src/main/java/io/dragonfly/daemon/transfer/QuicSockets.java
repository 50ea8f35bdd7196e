package io.dragonfly.daemon.transfer;

import io.dragonfly.common.rpc.EventLoops;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.socket.nio.NioDatagramChannel;
import java.net.SocketAddress;

/** UDP sockets for QUIC, at either end. */
final class QuicSockets {
  private static final int PACKET = 2048;
  private static final int BUFFER = 4 << 20;

  private QuicSockets() {}

  /** Binds one, and waits until that is done or has failed. */
  static ChannelFuture bind(EventLoops loops, ChannelHandler handler, SocketAddress address) {
    return new Bootstrap()
        .group(loops.group())
        .channel(NioDatagramChannel.class)
        .option(ChannelOption.ALLOCATOR, loops.allocator())
        .option(ChannelOption.SO_RCVBUF, BUFFER)
        .option(ChannelOption.SO_SNDBUF, BUFFER)
        .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(PACKET))
        .handler(handler)
        .bind(address)
        .awaitUninterruptibly();
  }
}
