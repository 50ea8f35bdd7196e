package io.dragonfly.daemon.proxy;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a client sends after the head of its request, or an origin after that of its answer. Asks
 * the connection for the next part when the one before was read, so that no more than one waits
 * here.
 */
final class MessageBody extends InputStream {
  private final String sender;
  private final Runnable more;
  private final Duration patience;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final ArrayDeque<ByteBuf> parts = new ArrayDeque<>();

  @GuardedBy("lock")
  private boolean asked;

  @GuardedBy("lock")
  private boolean ended;

  @GuardedBy("lock")
  private boolean broken;

  /**
   * @param sender for messages
   * @param more asks for the next part; called by the reading thread
   * @param patience how long the sender may send nothing
   * @param ended there is none
   */
  MessageBody(String sender, Runnable more, Duration patience, boolean ended) {
    this.sender = sender;
    this.more = more;
    this.patience = patience;
    this.ended = ended;
  }

  /** A part came, which is this body's from now on. */
  void offer(ByteBuf part, boolean last) {
    lock.lock();
    try {
      asked = false;
      ended |= last;
      if (broken || !part.isReadable()) {
        part.release();
        if (!ended && !broken) {
          asked = true;
          more.run();
        }
      } else {
        parts.add(part);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** No more will come, or what comes is not wanted. */
  void abandon() {
    lock.lock();
    try {
      broken = !ended || !parts.isEmpty();
      parts.forEach(ByteBuf::release);
      parts.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Whether all of it has come. */
  boolean isWhole() {
    lock.lock();
    try {
      return ended;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    long left = patience.toNanos();
    lock.lock();
    try {
      while (parts.isEmpty()) {
        if (broken) {
          throw new IOException(sender + " went away within the body of its message");
        }
        if (ended) {
          return -1;
        }
        if (!asked) {
          asked = true;
          more.run();
        }
        if (left <= 0) {
          throw new IOException(sender + " sends nothing more of its message for " + patience);
        }
        left = changed.awaitNanos(left);
      }
      ByteBuf part = parts.element();
      int count = Math.min(length, part.readableBytes());
      part.readBytes(target, offset, count);
      if (!part.isReadable()) {
        parts.remove().release();
      }
      return count;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the proxy is being shut down");
    } finally {
      lock.unlock();
    }
  }
}
