package io.dragonfly.daemon.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.hc.core5.concurrent.Cancellable;
import org.apache.hc.core5.http.nio.CapacityChannel;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer between the thread of its connection, which never waits, and its reader.
 * What is held is bounded by the stream's window. That begins small and doubles while the reader is
 * faster than what comes, as far as the {@link Http2Windows} allow: a slow reader holds little, and
 * a long way is filled.
 */
final class Http2Body extends InputStream {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final Http2Windows windows;
  private final long stallNanos;

  @GuardedBy("lock")
  private byte[] ring = new byte[0];

  @GuardedBy("lock")
  private int first;

  @GuardedBy("lock")
  private int count;

  @GuardedBy("lock")
  private int window = Http2Windows.FIRST;

  /** Read since the origin was last allowed to send more. */
  @GuardedBy("lock")
  private int consumed;

  @GuardedBy("lock")
  private boolean waited;

  @GuardedBy("lock")
  private boolean ended;

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private @Nullable IOException failure;

  private volatile @Nullable CapacityChannel channel;

  /**
   * @param stall the longest time without a byte
   */
  Http2Body(Http2Windows windows, Duration stall) {
    this.windows = windows;
    this.stallNanos = stall.toNanos();
  }

  /** Where the origin is allowed to send more. */
  void channel(CapacityChannel value) {
    channel = value;
  }

  /** Bytes came; never more than the window allows. */
  void receive(ByteBuffer bytes) {
    lock.lock();
    try {
      if (closed) {
        bytes.position(bytes.limit());
        return;
      }
      int more = bytes.remaining();
      makeRoom(count + more);
      int end = (first + count) % ring.length;
      int straight = Math.min(more, ring.length - end);
      bytes.get(ring, end, straight);
      bytes.get(ring, 0, more - straight);
      count += more;
      arrived.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void makeRoom(int needed) {
    if (needed <= ring.length) {
      return;
    }
    byte[] larger = new byte[Math.max(64 * 1024, Integer.highestOneBit(needed - 1) << 1)];
    int straight = Math.min(count, ring.length - first);
    System.arraycopy(ring, first, larger, 0, straight);
    System.arraycopy(ring, 0, larger, straight, count - straight);
    ring = larger;
    first = 0;
  }

  /** The proper end. */
  void end() {
    lock.lock();
    try {
      ended = true;
      arrived.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Nothing more comes; what came before is read first. */
  void fail(IOException cause) {
    lock.lock();
    try {
      if (!ended && failure == null) {
        failure = cause;
        arrived.signalAll();
      }
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
    int taken;
    int grant;
    lock.lock();
    try {
      if (!await()) {
        return -1;
      }
      taken = Math.min(length, count);
      int straight = Math.min(taken, ring.length - first);
      System.arraycopy(ring, first, target, offset, straight);
      System.arraycopy(ring, 0, target, offset + straight, taken - straight);
      first = (first + taken) % ring.length;
      count -= taken;
      consumed += taken;
      grant = ended ? 0 : grant();
    } finally {
      lock.unlock();
    }
    CapacityChannel origin = channel;
    if (grant > 0 && origin != null) {
      origin.update(grant);
    }
    return taken;
  }

  /** Waits for bytes; false at the end. */
  @GuardedBy("lock")
  private boolean await() throws IOException {
    long left = stallNanos;
    while (count == 0) {
      if (closed) {
        throw new IOException("the answer is closed");
      }
      if (ended) {
        return false;
      }
      if (failure != null) {
        throw new IOException(failure.getMessage(), failure);
      }
      if (left <= 0) {
        throw new SocketTimeoutException("no byte came");
      }
      waited = true;
      try {
        left = arrived.awaitNanos(left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw (IOException) new InterruptedIOException("interrupted").initCause(e);
      }
    }
    return true;
  }

  /** What the origin may send beyond what it was allowed; little by little would cost frames. */
  @GuardedBy("lock")
  private int grant() {
    if (consumed < window / 4) {
      return 0;
    }
    int grant = consumed;
    if (waited && windows.grow(window)) {
      grant += window;
      window *= 2;
    }
    waited = false;
    consumed = 0;
    return grant;
  }

  /** Bytes that wait for their reader. */
  int held() {
    lock.lock();
    try {
      return count;
    } finally {
      lock.unlock();
    }
  }

  /** Lets go of what is held, and tells the origin to send no more. */
  @Override
  public void close() {
    boolean wanted;
    lock.lock();
    try {
      wanted = !closed && !ended && failure == null;
      if (!closed) {
        closed = true;
        ring = new byte[0];
        first = 0;
        count = 0;
        windows.shrink(window);
        arrived.signalAll();
      }
    } finally {
      lock.unlock();
    }
    // A stream that is merely cancelled is reset when its next bytes come, and none may come.
    if (wanted && channel instanceof Cancellable stream) {
      stream.cancel();
    }
  }
}
