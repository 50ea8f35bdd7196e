package io.dragonfly.daemon.transfer;

import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A bounded number of direct buffers of one size, allocated when first needed. */
final class BufferPool {
  private final int bufferBytes;
  private final Semaphore permits;
  private final ConcurrentLinkedDeque<ByteBuffer> free = new ConcurrentLinkedDeque<>();

  BufferPool(int buffers, int bufferBytes) {
    this.bufferBytes = bufferBytes;
    this.permits = new Semaphore(buffers, /* fair= */ true);
  }

  /** Waits; null when none came free in time. */
  @Nullable ByteBuffer take(long timeout, TimeUnit unit) throws InterruptedException {
    if (!permits.tryAcquire(timeout, unit)) {
      return null;
    }
    ByteBuffer buffer = free.pollFirst();
    try {
      return buffer == null ? ByteBuffer.allocateDirect(bufferBytes) : buffer.clear();
    } catch (OutOfMemoryError e) {
      permits.release();
      throw e;
    }
  }

  void giveBack(ByteBuffer buffer) {
    free.addFirst(buffer);
    permits.release();
  }

  /** Forgets the buffers that nobody uses; the next collection of garbage frees their memory. */
  void forgetFree() {
    free.clear();
  }
}
