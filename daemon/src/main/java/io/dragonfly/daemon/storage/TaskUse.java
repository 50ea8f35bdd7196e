package io.dragonfly.daemon.storage;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who uses a task: how often it is pinned, what room is set aside for it, and whether it left the
 * store meanwhile. When it has left and the last pin goes, so do its files.
 */
final class TaskUse {
  /** What became of an attempt to take a task out of the store. */
  enum Detachment {
    /** It was out already, or is pinned and must not be. */
    REFUSED,
    /** Nobody uses it. */
    UNUSED,
    /** It is out, and its users go on. */
    USED
  }

  private final PieceStore store;
  private final TaskKey key;
  private final Runnable deleteFiles;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private int pins;

  @GuardedBy("lock")
  private boolean detached;

  @GuardedBy("lock")
  private long reserved;

  private volatile Instant usedAt;

  /** Used since the store was opened, and not cooled since. */
  private final AtomicBoolean warm = new AtomicBoolean();

  /**
   * What nobody has used yet.
   *
   * @param deleteFiles run without locks held when the task is out and unused
   */
  TaskUse(PieceStore store, TaskKey key, Instant usedAt, Runnable deleteFiles) {
    this.store = store;
    this.key = key;
    this.usedAt = usedAt;
    this.deleteFiles = deleteFiles;
  }

  Instant usedAt() {
    return usedAt;
  }

  /** Throws {@link IllegalStateException} when the task is gone. */
  Pin pin() {
    return tryPin()
        .orElseThrow(() -> new IllegalStateException("task " + key + " is no longer stored"));
  }

  Optional<Pin> tryPin() {
    Optional<Pin> pin = pinAnd(() -> usedAt = store.now());
    if (pin.isPresent()) {
      usedAt = store.now();
      warm.set(true);
    }
    return pin;
  }

  /** As {@link #tryPin}, but it does not count as a use. */
  Optional<Pin> tryPinQuietly() {
    return pinAnd(() -> {});
  }

  boolean isPinned() {
    lock.lock();
    try {
      return pins > 0;
    } finally {
      lock.unlock();
    }
  }

  boolean isWarm() {
    return warm.get();
  }

  /** Whether it was warm; it is no longer. */
  boolean cool() {
    return warm.getAndSet(false);
  }

  private Optional<Pin> pinAnd(Runnable atEnd) {
    lock.lock();
    try {
      if (detached && pins == 0) {
        return Optional.empty();
      }
      pins++;
    } finally {
      lock.unlock();
    }
    AtomicBoolean open = new AtomicBoolean(true);
    return Optional.of(() -> {
      if (open.compareAndSet(true, false)) {
        atEnd.run();
        unpin();
      }
    });
  }

  private void unpin() {
    long unneeded = 0;
    boolean gone = false;
    lock.lock();
    try {
      pins--;
      if (pins == 0) {
        unneeded = reserved;
        reserved = 0;
        gone = detached;
      }
    } finally {
      lock.unlock();
    }
    store.unreserve(unneeded);
    if (gone) {
      deleteFiles.run();
    }
  }

  /** The store has set room aside for this task. */
  void reserved(long bytes) {
    lock.lock();
    try {
      reserved += bytes;
    } finally {
      lock.unlock();
    }
  }

  /** So much of it was written: it counts as used now, not as set aside. */
  void written(long bytes) {
    long part;
    lock.lock();
    try {
      part = Math.min(reserved, bytes);
      reserved -= part;
    } finally {
      lock.unlock();
    }
    store.unreserve(part);
  }

  /** Takes the task out; the caller deletes or renames its files. */
  Detachment detach(boolean onlyUnpinned) {
    long unneeded;
    lock.lock();
    try {
      if (detached || (onlyUnpinned && pins > 0)) {
        return Detachment.REFUSED;
      }
      detached = true;
      if (pins > 0) {
        return Detachment.USED;
      }
      unneeded = reserved;
      reserved = 0;
    } finally {
      lock.unlock();
    }
    store.unreserve(unneeded);
    return Detachment.UNUSED;
  }
}
