package io.dragonfly.daemon.transfer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One running fetch, as those see it who may end it: the cancellation, and the watch that looks at
 * its deadlines. Whoever ends it first says why, and closes its socket, which frees the thread that
 * blocks on it.
 */
final class Fetch {
  /** What the fetch waits for. */
  enum Phase {
    CONNECT("the connection"),
    FIRST_BYTE("the first byte"),
    CONTENT("more bytes"),
    /** For ourselves: nobody is to blame. */
    PAUSED("nothing");

    private final String text;

    Phase(String text) {
      this.text = text;
    }
  }

  private final String what;
  private final FetchLimits limits;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();

  @GuardedBy("lock")
  private @Nullable TransferException cause;

  @GuardedBy("lock")
  private @Nullable ByteChannel channel;

  private volatile Phase phase = Phase.PAUSED;
  private volatile long since = System.nanoTime();

  /** For the minimum rate: bytes of the content, and how many there were at the window's start. */
  private final AtomicLong received = new AtomicLong();

  private volatile long windowStart;
  private volatile long windowReceived;

  Fetch(String what, FetchLimits limits) {
    this.what = what;
    this.limits = limits;
  }

  FetchLimits limits() {
    return limits;
  }

  /** What is fetched from whom, for messages. */
  String what() {
    return what;
  }

  /** From now on ending this closes the channel; at once if it has ended. */
  void uses(ByteChannel next) {
    boolean late;
    lock.lock();
    try {
      channel = next;
      late = cause != null;
    } finally {
      lock.unlock();
    }
    if (late) {
      PieceSockets.close(next);
    }
  }

  void enter(Phase next) {
    since = System.nanoTime();
    if (next == Phase.CONTENT && phase != Phase.CONTENT) {
      windowStart = since;
      windowReceived = received.get();
    }
    phase = next;
  }

  void received(long bytes) {
    received.addAndGet(bytes);
    since = System.nanoTime();
  }

  /** This host's disk has what came, and may take its time: nobody else is to blame. */
  void storing(Storing storing) throws IOException {
    Phase before = phase;
    long began = System.nanoTime();
    phase = Phase.PAUSED;
    try {
      storing.run();
    } finally {
      since = System.nanoTime();
      long window = windowStart;
      windowStart = window + since - began;
      phase = before;
    }
  }

  /** What may wait for the disk. */
  interface Storing {
    void run() throws IOException;
  }

  void end(Reason reason, String message) {
    ByteChannel open;
    lock.lock();
    try {
      if (cause != null) {
        return;
      }
      cause = new TransferException(reason, what + ": " + message, null);
      open = channel;
      ended.signalAll();
    } finally {
      lock.unlock();
    }
    if (open != null) {
      PieceSockets.abort(open);
    }
  }

  Optional<TransferException> cause() {
    lock.lock();
    try {
      return Optional.ofNullable(cause);
    } finally {
      lock.unlock();
    }
  }

  void throwIfEnded() throws TransferException {
    Optional<TransferException> why = cause();
    if (why.isPresent()) {
      throw why.get();
    }
  }

  /** Waits for the rate limit; a fetch that is ended wakes up. */
  void pause(long nanos) throws TransferException, InterruptedException {
    Phase before = phase;
    enter(Phase.PAUSED);
    lock.lock();
    try {
      long left = nanos;
      while (left > 0 && cause == null) {
        left = ended.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
    enter(before);
    throwIfEnded();
  }

  /** Ends the fetch if it has waited too long. Called by the watch alone. */
  void check(long now) {
    Phase current = phase;
    long limit =
        switch (current) {
          case CONNECT -> limits.connect().toNanos();
          case FIRST_BYTE -> limits.firstByte().toNanos();
          case CONTENT -> limits.stall().toNanos();
          case PAUSED -> Long.MAX_VALUE;
        };
    if (now - since >= limit && phase == current) {
      Reason reason = current == Phase.CONNECT ? Reason.UNREACHABLE : Reason.STALLED;
      long millis = TimeUnit.NANOSECONDS.toMillis(limit);
      end(reason, "waited " + millis + " ms for " + current.text);
    } else if (current == Phase.CONTENT && limits.minimumBytesPerSecond() > 0) {
      checkRate(now);
    }
  }

  private void checkRate(long now) {
    long window = limits.stall().toNanos();
    if (now - windowStart < window) {
      return;
    }
    long bytes = received.get() - windowReceived;
    if (bytes < limits.minimumBytesPerSecond() * (now - windowStart) / 1e9) {
      end(Reason.STALLED, "slower than " + limits.minimumBytesPerSecond() + " bytes/s");
    }
    windowStart = now;
    windowReceived = received.get();
  }
}
