package io.dragonfly.daemon.transfer;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import jdk.net.ExtendedSocketOptions;

/** How the sockets of both ends are set up and cut off. */
final class PieceSockets {
  private PieceSockets() {}

  /** As upstream's: no delay, and a dead other end is noticed within some 15 s. */
  static void configure(SocketChannel channel) throws IOException {
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    if (channel.supportedOptions().contains(ExtendedSocketOptions.TCP_KEEPIDLE)) {
      channel.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, 5);
      channel.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, 3);
      channel.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, 3);
    }
  }

  /** Resets the connection: what was sent must not look like a clean end. */
  static void abort(ByteChannel channel) {
    try {
      if (channel instanceof SocketChannel socket) {
        socket.setOption(StandardSocketOptions.SO_LINGER, 0);
      }
    } catch (IOException e) {
      // The connection is gone already.
    }
    close(channel);
  }

  static void close(ByteChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // Nothing is left to be done with it.
    }
  }
}
