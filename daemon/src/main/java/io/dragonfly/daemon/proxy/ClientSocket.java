package io.dragonfly.daemon.proxy;

import io.netty.channel.Channel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.util.List;

/**
 * A client's connection, to which another thread may write past the event loop while that has
 * nothing to write: so that bytes of a file reach the socket inside the kernel, and a disk that is
 * slow holds up nobody but that thread.
 */
final class ClientSocket extends NioSocketChannel {
  private ClientSocket(Channel parent, SocketChannel socket) {
    super(parent, socket);
  }

  /** The socket itself, which takes what it has room for and never waits. */
  WritableByteChannel past() {
    return javaChannel();
  }

  /** Listens for such connections. */
  static final class Listening extends NioServerSocketChannel {
    @Override
    protected int doReadMessages(List<Object> accepted) throws Exception {
      SocketChannel socket = javaChannel().accept();
      if (socket == null) {
        return 0;
      }
      accepted.add(new ClientSocket(this, socket));
      return 1;
    }
  }
}
