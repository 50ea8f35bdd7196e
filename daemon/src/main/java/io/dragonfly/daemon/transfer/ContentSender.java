package io.dragonfly.daemon.transfer;

import io.dragonfly.daemon.storage.PieceContent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * Moves content from a view to a socket that doesn't block. Which of the two ways is better depends
 * on machine and network, so the choice is in one place: {@code TransferMeasurement} measured
 * 1.0-1.2 CPU seconds per GB (both ends, 4 MiB pieces, loopback, two busy cores) for KERNEL and 1.4
 * for BUFFER, which reads again what a full socket didn't take.
 */
enum ContentSender {
  /** Reads into a direct buffer and writes that; what the socket doesn't take is read again. */
  BUFFER {
    @Override
    long send(PieceContent view, long offset, long count, SocketChannel target, ByteBuffer buffer)
        throws IOException {
      buffer.clear().limit((int) Math.min(count, buffer.capacity()));
      long read = view.read(offset, buffer);
      buffer.flip();
      while (buffer.hasRemaining()) {
        if (target.write(buffer) == 0) {
          break;
        }
      }
      return read - buffer.remaining();
    }
  },

  /** Lets the kernel move it (sendfile). */
  KERNEL {
    @Override
    boolean usesBuffer() {
      return false;
    }

    @Override
    long send(PieceContent view, long offset, long count, SocketChannel target, ByteBuffer buffer)
        throws IOException {
      return view.transferTo(offset, count, target);
    }
  };

  boolean usesBuffer() {
    return true;
  }

  /**
   * Sends what the socket takes.
   *
   * @return how many bytes that was; 0 when it is full
   */
  abstract long send(
      PieceContent view, long offset, long count, SocketChannel target, ByteBuffer buffer)
      throws IOException;
}
