package io.dragonfly.daemon.storage;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a bounded number of unused files open for the next use, so that thousands of idle tasks
 * hold no file descriptors. Files in use are not counted: their users are bounded elsewhere.
 *
 * <p>Locks: a file's own lock, then this one.
 */
final class OpenFiles implements AutoCloseable {
  private final int limit;
  private final ReentrantLock lock = new ReentrantLock();

  /** Open files that nobody uses, longest unused first. */
  @GuardedBy("lock")
  private final LinkedHashSet<SharedFile> idle = new LinkedHashSet<>();

  /** Open files that somebody uses. */
  @GuardedBy("lock")
  private final Set<SharedFile> used = new LinkedHashSet<>();

  private volatile boolean closed;

  OpenFiles(int limit) {
    this.limit = limit;
  }

  boolean isClosed() {
    return closed;
  }

  void inUse(SharedFile file) {
    lock.lock();
    try {
      idle.remove(file);
      used.add(file);
    } finally {
      lock.unlock();
    }
  }

  /** Returns the file to be closed in its place, if the limit is passed. */
  @Nullable SharedFile unused(SharedFile file) {
    lock.lock();
    try {
      used.remove(file);
      idle.add(file);
      if (idle.size() <= limit) {
        return null;
      }
      Iterator<SharedFile> eldest = idle.iterator();
      SharedFile evicted = eldest.next();
      eldest.remove();
      return evicted;
    } finally {
      lock.unlock();
    }
  }

  void forget(SharedFile file) {
    lock.lock();
    try {
      idle.remove(file);
      used.remove(file);
    } finally {
      lock.unlock();
    }
  }

  /** Closes everything, also what is in use; nothing opens any more. */
  @Override
  public void close() throws IOException {
    closed = true;
    List<SharedFile> files;
    lock.lock();
    try {
      files = new ArrayList<>(idle);
      files.addAll(used);
    } finally {
      lock.unlock();
    }
    for (SharedFile file : files) {
      file.closeNow();
    }
  }
}
