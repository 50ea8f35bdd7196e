package io.dragonfly.daemon.local;

import io.dragonfly.daemon.output.Caller;
import io.netty.channel.AbstractServerChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;

/**
 * A Netty server channel that accepts nothing by itself: connections that turned out to speak gRPC
 * are given to it. Netty treats them as if it had accepted them.
 */
final class HandoffServerChannel extends AbstractServerChannel {
  private final ChannelConfig config = new Config(this);
  private final SocketAddress address;
  private volatile boolean bound;
  private volatile boolean closed;

  /** Whoever listens has set the backlog; gRPC sets it for every server. */
  private static final class Config extends DefaultChannelConfig {
    Config(HandoffServerChannel channel) {
      super(channel);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
      return option.equals(ChannelOption.SO_BACKLOG) || super.setOption(option, value);
    }
  }

  HandoffServerChannel(SocketAddress address) {
    this.address = address;
  }

  /**
   * Takes a connection over; closes it if this channel is not serving.
   *
   * @param onClose runs once when the connection is closed, however it is
   */
  void accept(SocketChannel socket, Caller caller, byte firstByte, Runnable onClose)
      throws IOException {
    if (!isActive()) {
      socket.close();
      onClose.run();
      return;
    }
    UnixCallChannel child = new UnixCallChannel(this, socket, caller, firstByte);
    child.closeFuture().addListener(_ -> onClose.run());
    eventLoop()
        .execute(() -> {
          pipeline().fireChannelRead(child);
          pipeline().fireChannelReadComplete();
        });
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return true;
  }

  @Override
  protected SocketAddress localAddress0() {
    return address;
  }

  @Override
  protected void doBind(SocketAddress local) {
    bound = true;
  }

  @Override
  protected void doClose() {
    closed = true;
  }

  @Override
  protected void doBeginRead() {
    // Connections arrive through accept.
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return !closed;
  }

  @Override
  public boolean isActive() {
    return bound && !closed;
  }
}
