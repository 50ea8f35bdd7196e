package io.dragonfly.daemon.transfer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.quic.DefaultQuicStreamFrame;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a QUIC connection as a channel that blocks: for one request and its answer. No more
 * is read from the network than was asked for, so a reader that is slow holds its sender back. The
 * sending side ends with {@link #writeLast}; {@link #close} before that resets the stream, which
 * the other end does not take for an end.
 */
final class QuicStream extends ChannelInboundHandlerAdapter implements ByteChannel {
  private static final int RESET = 1;

  private final QuicStreamChannel stream;
  private final long patienceNanos;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final ArrayDeque<ByteBuf> received = new ArrayDeque<>();

  @GuardedBy("lock")
  private boolean asked;

  @GuardedBy("lock")
  private boolean ended;

  @GuardedBy("lock")
  private @Nullable Throwable broken;

  private volatile boolean finished;
  private volatile boolean closed;

  /**
   * Made where the stream's pipeline is; the stream must not read by itself.
   *
   * @param patience the longest wait for the other end
   */
  QuicStream(QuicStreamChannel stream, Duration patience) {
    this.stream = stream;
    this.patienceNanos = patience.toNanos();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!(message instanceof ByteBuf bytes)) {
      ReferenceCountUtil.release(message);
      return;
    }
    lock.lock();
    try {
      if (closed) {
        bytes.release();
      } else {
        received.add(bytes);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    lock.lock();
    try {
      asked = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    context.fireChannelReadComplete();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      end(null);
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    String reason = stream.parent().attr(QuicCodecs.Quiet.REASON).get();
    end(reason == null ? null : new IOException("the parent ended the connection: " + reason));
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    end(cause);
  }

  private void end(@Nullable Throwable cause) {
    lock.lock();
    try {
      ended = true;
      if (broken == null) {
        broken = cause;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    return read(target, patienceNanos);
  }

  /**
   * Reads.
   *
   * @param nanos the longest wait
   */
  int read(ByteBuffer target, long nanos) throws IOException {
    lock.lock();
    try {
      long left = nanos;
      while (received.isEmpty()) {
        if (closed) {
          throw new AsynchronousCloseException();
        }
        if (broken != null) {
          throw new IOException(String.valueOf(broken.getMessage()), broken);
        }
        if (ended) {
          return -1;
        }
        if (left <= 0) {
          throw new InterruptedIOException("nothing came for " + nanos / 1_000_000 + " ms");
        }
        if (!asked) {
          asked = true;
          stream.read();
        }
        left = changed.awaitNanos(left);
      }
      return take(target);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close();
      throw new ClosedByInterruptException();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private int take(ByteBuffer target) {
    int before = target.position();
    while (target.hasRemaining() && !received.isEmpty()) {
      ByteBuf next = received.getFirst();
      int count = Math.min(next.readableBytes(), target.remaining());
      next.readBytes(target.slice(target.position(), count));
      target.position(target.position() + count);
      if (!next.isReadable()) {
        received.removeFirst().release();
      }
    }
    return target.position() - before;
  }

  /** Waits until the connection has taken all of it; the buffer is free then. */
  @Override
  public int write(ByteBuffer source) throws IOException {
    int count = source.remaining();
    await(stream.writeAndFlush(Unpooled.wrappedBuffer(source)));
    source.position(source.limit());
    return count;
  }

  /** Writes, and ends the sending side behind it. */
  void writeLast(ByteBuffer source) throws IOException {
    await(stream.writeAndFlush(new DefaultQuicStreamFrame(Unpooled.wrappedBuffer(source), true)));
    source.position(source.limit());
    finished = true;
  }

  /** Writes, and ends the stream behind it, without waiting for either. */
  void refuse(ByteBuffer why) {
    ChannelFuture _ =
        stream.writeAndFlush(new DefaultQuicStreamFrame(Unpooled.wrappedBuffer(why), true));
    finished = true;
    close();
  }

  /** Whose connection it belongs to. */
  InetAddress child() {
    return ChildCounts.address(stream.parent().remoteSocketAddress());
  }

  private void await(ChannelFuture written) throws IOException {
    try {
      if (!written.await(patienceNanos, TimeUnit.NANOSECONDS)) {
        close();
        throw new InterruptedIOException(
            "nothing was taken for " + patienceNanos / 1_000_000 + " ms");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close();
      throw new ClosedByInterruptException();
    }
    Throwable cause = written.cause();
    if (cause != null) {
      throw closed
          ? new AsynchronousCloseException()
          : new IOException(String.valueOf(cause.getMessage()), cause);
    }
  }

  @Override
  public boolean isOpen() {
    return !closed;
  }

  /** Any thread; whoever reads or writes is woken. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      received.forEach(ReferenceCountUtil::release);
      received.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (finished) {
      ChannelFuture _ = stream.shutdownInput(RESET);
    } else {
      ChannelFuture _ = stream.shutdown(RESET, stream.newPromise());
    }
  }
}
