package io.dragonfly.lab.shaped;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A long cable: what enters at one end leaves at the other after a fixed time, in order, at
 * whatever rate it entered. It is made of two {@link Tap}s and this process between them, for not
 * every kernel can delay (tc-netem(8)). It carries {@value #MOST_FRAMES} frames in each direction;
 * when it is full, they wait where they come from.
 */
final class Cable implements AutoCloseable {
  private static final int MOST_FRAMES = 8192;
  private static final Duration CLOSING_LIMIT = Duration.ofSeconds(5);

  private record Frame(ByteBuffer bytes, long due) {}

  private final Tap[] ends;
  private final Thread[] threads;
  private volatile boolean closed;

  /** Lays it; the ends are closed together with it. */
  Cable(Tap one, Tap other, Duration delay) {
    ends = new Tap[] {one, other};
    BlockingQueue<Frame> there = new LinkedBlockingQueue<>(MOST_FRAMES);
    BlockingQueue<Frame> back = new LinkedBlockingQueue<>(MOST_FRAMES);
    threads =
        new Thread[] {
          Thread.ofPlatform().daemon().start(() -> take(one, there, delay.toNanos())),
          Thread.ofPlatform().daemon().start(() -> give(there, other)),
          Thread.ofPlatform().daemon().start(() -> take(other, back, delay.toNanos())),
          Thread.ofPlatform().daemon().start(() -> give(back, one)),
        };
  }

  private void take(Tap from, BlockingQueue<Frame> queue, long delayNanos) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(Tap.LONGEST_FRAME);
      while (!closed) {
        int length = from.read(buffer);
        if (length > 0) {
          ByteBuffer bytes =
              ByteBuffer.wrap(buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
          queue.put(new Frame(bytes, System.nanoTime() + delayNanos));
        }
      }
    } catch (IOException e) {
      if (!closed) {
        System.err.println("lab: a cable broke: " + e.getMessage());
      }
    } catch (InterruptedException e) {
      // It is being closed.
    }
  }

  private void give(BlockingQueue<Frame> queue, Tap to) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(Tap.LONGEST_FRAME);
      while (!closed) {
        Frame frame = queue.take();
        for (long wait = frame.due - System.nanoTime(); wait > 0 && !closed; ) {
          LockSupport.parkNanos(wait);
          wait = frame.due - System.nanoTime();
        }
        MemorySegment bytes = MemorySegment.ofBuffer(frame.bytes);
        MemorySegment whole = buffer.asSlice(0, bytes.byteSize());
        to.write(whole.copyFrom(bytes));
      }
    } catch (InterruptedException e) {
      // It is being closed.
    }
  }

  @Override
  public void close() {
    closed = true;
    for (Thread thread : threads) {
      thread.interrupt();
    }
    long deadline = System.nanoTime() + CLOSING_LIMIT.toNanos();
    for (Thread thread : threads) {
      try {
        TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(1, deadline - System.nanoTime()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    for (Tap end : ends) {
      end.close();
    }
  }
}
