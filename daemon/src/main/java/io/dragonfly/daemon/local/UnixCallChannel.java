package io.dragonfly.daemon.local;

import io.dragonfly.daemon.output.Caller;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.FileRegion;
import io.netty.channel.nio.AbstractNioByteChannel;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;

/**
 * An accepted unix socket as a Netty channel. Its first read yields the byte that told the
 * protocol, which has been taken from the socket before. Netty's own class for these sockets is
 * final.
 */
final class UnixCallChannel extends AbstractNioByteChannel {
  private static final int LARGEST_READ = 64 << 10;

  private final ChannelConfig config;
  private final Caller caller;
  private final byte firstByte;
  // Event loop only.
  private boolean firstByteDelivered;
  private volatile boolean inputShutdown;

  UnixCallChannel(Channel parent, SocketChannel socket, Caller caller, byte firstByte) {
    super(parent, socket);
    this.caller = caller;
    this.firstByte = firstByte;
    config = new DefaultChannelConfig(this);
  }

  @Override
  protected SocketChannel javaChannel() {
    return (SocketChannel) super.javaChannel();
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public boolean isActive() {
    return javaChannel().isOpen();
  }

  @Override
  protected SocketAddress localAddress0() {
    return caller;
  }

  @Override
  protected SocketAddress remoteAddress0() {
    return caller;
  }

  @Override
  protected int doReadBytes(ByteBuf buffer) throws IOException {
    int delivered = 0;
    if (!firstByteDelivered) {
      firstByteDelivered = true;
      buffer.writeByte(firstByte);
      delivered = 1;
    }
    int room = Math.min(buffer.writableBytes(), LARGEST_READ);
    if (room == 0) {
      return delivered;
    }
    int read = buffer.writeBytes(javaChannel(), room);
    if (read < 0) {
      return delivered > 0 ? delivered : -1;
    }
    return delivered + read;
  }

  @Override
  protected int doWriteBytes(ByteBuf buffer) throws IOException {
    return buffer.readBytes(javaChannel(), buffer.readableBytes());
  }

  @Override
  protected long doWriteFileRegion(FileRegion region) throws IOException {
    return region.transferTo(javaChannel(), region.transferred());
  }

  @Override
  protected ChannelFuture shutdownInput() {
    var promise = newPromise();
    try {
      javaChannel().shutdownInput();
      inputShutdown = true;
      promise.setSuccess();
    } catch (IOException e) {
      promise.setFailure(e);
    }
    return promise;
  }

  @Override
  protected boolean isInputShutdown0() {
    return inputShutdown;
  }

  @Override
  protected void doBind(SocketAddress address) {
    throw new UnsupportedOperationException("an accepted socket");
  }

  @Override
  protected boolean doConnect(SocketAddress remote, SocketAddress local) {
    throw new UnsupportedOperationException("an accepted socket");
  }

  @Override
  protected void doFinishConnect() {
    throw new UnsupportedOperationException("an accepted socket");
  }

  @Override
  protected void doDisconnect() throws Exception {
    doClose();
  }

  @Override
  protected void doClose() throws Exception {
    super.doClose();
    javaChannel().close();
  }
}
