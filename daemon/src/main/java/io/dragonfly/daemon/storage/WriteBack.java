package io.dragonfly.daemon.storage;

import io.dragonfly.common.file.PageCache;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Lets the kernel begin to write each piece to the disk as soon as it is finished. Left alone, it
 * gathers until a tenth or more of the memory is unwritten, and then makes everybody who writes
 * wait for the disk: also who only takes bytes from a socket.
 *
 * <p>A thread of its own gives the orders, for a disk that is behind makes them wait. Pieces that
 * come faster than that are left to the kernel.
 */
final class WriteBack implements AutoCloseable {
  private static final int MOST_WAITING = 256;

  /** Smaller parts gather slowly: an order for each would cost more than it spares. */
  private static final long LEAST_BYTES = 64 * 1024;

  private record Part(SharedFile file, long offset, long length) {}

  private final BlockingQueue<Part> parts = new ArrayBlockingQueue<>(MOST_WAITING);
  private final AtomicBoolean started = new AtomicBoolean();
  private final Thread thread =
      Thread.ofPlatform().daemon().name("write-back").unstarted(this::run);

  /** This part of the file is written and will stay. */
  void begin(SharedFile file, long offset, long length) {
    if (length < LEAST_BYTES) {
      return;
    }
    if (started.compareAndSet(false, true)) {
      thread.start();
    }
    boolean _ = parts.offer(new Part(file, offset, length));
  }

  private void run() {
    try {
      while (true) {
        Part part = parts.take();
        PageCache.startWriting(part.file().path(), part.offset(), part.length());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
