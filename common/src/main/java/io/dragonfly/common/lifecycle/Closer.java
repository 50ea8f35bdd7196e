package io.dragonfly.common.lifecycle;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Closes what was added to it, the last first. Every resource is closed even if others fail; the
 * first failure is thrown and the later ones are attached to it as suppressed. Closing again does
 * nothing. No lock is held while a resource is closed.
 */
public final class Closer implements AutoCloseable {
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Deque<AutoCloseable> resources = new ArrayDeque<>();

  @GuardedBy("lock")
  private boolean closed;

  public Closer() {}

  /**
   * Takes charge of a resource and returns it.
   *
   * @throws IllegalStateException if this closer is closed already; the resource is closed first,
   *     so that one which was opened during a shutdown does not leak
   */
  @CanIgnoreReturnValue
  public <T extends AutoCloseable> T add(T resource) {
    Objects.requireNonNull(resource, "resource is null");
    lock.lock();
    try {
      if (!closed) {
        resources.push(resource);
        return resource;
      }
    } finally {
      lock.unlock();
    }
    var refused = new IllegalStateException("already closed, so the new resource was closed too");
    Throwable failure = closeOne(resource);
    if (failure != null) {
      refused.addSuppressed(failure);
    }
    throw refused;
  }

  /**
   * Closes everything, in reverse order. An {@link IOException} leaves as {@link
   * UncheckedIOException}, another checked exception as the cause of an {@link
   * IllegalStateException}.
   */
  @Override
  public void close() {
    @Nullable Throwable first = null;
    while (true) {
      AutoCloseable next;
      lock.lock();
      try {
        closed = true;
        next = resources.poll();
      } finally {
        lock.unlock();
      }
      if (next == null) {
        break;
      }
      Throwable failure = closeOne(next);
      if (failure != null) {
        first = Failures.gather(first, failure);
      }
    }
    if (first != null) {
      throw unchecked(first);
    }
  }

  private static @Nullable Throwable closeOne(AutoCloseable resource) {
    try {
      resource.close();
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return e;
    } catch (Exception | Error e) {
      return e;
    }
  }

  private static RuntimeException unchecked(Throwable failure) {
    return switch (failure) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      case IOException e -> gathered(new UncheckedIOException(e), e);
      default ->
          gathered(new IllegalStateException("closing failed: " + failure, failure), failure);
    };
  }

  private static RuntimeException gathered(RuntimeException wrapper, Throwable failure) {
    for (Throwable suppressed : failure.getSuppressed()) {
      wrapper.addSuppressed(suppressed);
    }
    return wrapper;
  }
}
