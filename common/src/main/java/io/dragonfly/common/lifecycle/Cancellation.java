package io.dragonfly.common.lifecycle;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The wish that some work ends, which reaches everything the work waits for: whoever holds a socket
 * registers a callback that closes it.
 *
 * <p>Cancelling is final. Every callback runs exactly once, on the thread that cancels (or on the
 * thread that registers, if that comes later), in the order of registration and without locks held;
 * so it must not block. Registering and unregistering cost a few pointer writes, so that a
 * long-lived cancellation may serve many short waits.
 */
public final class Cancellation {
  private static final String DEFAULT_REASON = "cancelled";

  private final ReentrantLock lock = new ReentrantLock();

  /** Null while not cancelled; written once, under the lock. */
  private volatile @Nullable String reason;

  @GuardedBy("lock")
  private @Nullable Node first;

  @GuardedBy("lock")
  private @Nullable Node last;

  public Cancellation() {}

  /** A callback's place on the list; closing it takes the callback off, if it has not run. */
  public interface Registration extends AutoCloseable {
    /**
     * Never blocks: a callback that another thread is just running may still be running when this
     * returns.
     */
    @Override
    void close();
  }

  /** Cancels without a particular reason; see {@link #cancel(String)}. */
  public void cancel() {
    cancel(DEFAULT_REASON);
  }

  /**
   * Cancels and runs the callbacks. Only the first call counts; a later one returns at once, even
   * while callbacks are still running elsewhere.
   *
   * @param why becomes the message of the {@link CancellationException}
   * @throws RuntimeException (or {@link Error}) the first a callback threw, after all have run; the
   *     others are suppressed in it
   */
  public void cancel(String why) {
    Objects.requireNonNull(why, "why is null");
    lock.lock();
    try {
      if (reason != null) {
        return;
      }
      reason = why;
    } finally {
      lock.unlock();
    }
    @Nullable Throwable failure = null;
    for (Node node = takeFirst(); node != null; node = takeFirst()) {
      try {
        node.callback.run();
      } catch (RuntimeException | Error e) {
        failure = Failures.gather(failure, e);
      }
    }
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
  }

  public boolean isCancelled() {
    return reason != null;
  }

  /**
   * Runs the callback when this is cancelled; at once, before returning, if it already is.
   *
   * @return what takes the callback off the list again; whoever registers must close it when the
   *     work is over, or the list grows
   */
  @CanIgnoreReturnValue
  public Registration onCancel(Runnable callback) {
    Node node = new Node(this, Objects.requireNonNull(callback, "callback is null"));
    lock.lock();
    try {
      if (reason == null) {
        append(node);
        return node;
      }
    } finally {
      lock.unlock();
    }
    callback.run();
    return node;
  }

  /**
   * Does nothing while this is not cancelled.
   *
   * @throws CancellationException with the reason, if this is cancelled
   */
  public void throwIfCancelled() {
    String why = reason;
    if (why != null) {
      throw new CancellationException(why);
    }
  }

  @GuardedBy("lock")
  private void append(Node node) {
    node.listed = true;
    node.previous = last;
    if (last == null) {
      first = node;
    } else {
      last.next = node;
    }
    last = node;
  }

  private @Nullable Node takeFirst() {
    lock.lock();
    try {
      Node node = first;
      if (node != null) {
        unlink(node);
      }
      return node;
    } finally {
      lock.unlock();
    }
  }

  private void remove(Node node) {
    lock.lock();
    try {
      if (node.listed) {
        unlink(node);
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void unlink(Node node) {
    node.listed = false;
    if (node.previous == null) {
      first = node.next;
    } else {
      node.previous.next = node.next;
    }
    if (node.next == null) {
      last = node.previous;
    } else {
      node.next.previous = node.previous;
    }
    node.previous = null;
    node.next = null;
  }

  /** An element of the list; its links belong to the owner's lock. */
  private static final class Node implements Registration {
    private final Cancellation owner;
    private final Runnable callback;
    private @Nullable Node previous;
    private @Nullable Node next;
    private boolean listed;

    Node(Cancellation owner, Runnable callback) {
      this.owner = owner;
      this.callback = callback;
    }

    @Override
    public void close() {
      owner.remove(this);
    }
  }
}
