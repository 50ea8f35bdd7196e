package io.dragonfly.daemon.output;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.daemon.output.OutputException.Code;
import io.dragonfly.daemon.storage.PieceContent;
import io.dragonfly.daemon.storage.Pin;
import io.dragonfly.daemon.storage.StoredTask;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Fills one {@link OutputFile} while its download runs: each piece is copied as soon as it is
 * stored, so that little is left to do at the end. Pieces may be told in any order and from any
 * thread; a virtual thread of its own copies them. A download that begins again with another
 * version of the content begins the file again.
 */
public final class FileDelivery implements AutoCloseable {
  private final OutputFile file;
  private final Thread copier;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final ArrayDeque<Integer> waiting = new ArrayDeque<>();

  @GuardedBy("lock")
  private @Nullable Content content;

  @GuardedBy("lock")
  private boolean restart;

  @GuardedBy("lock")
  private boolean busy;

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private @Nullable OutputException failure;

  /** What is being copied: a version of the task, and the part of it that the caller wants. */
  private record Content(StoredTask task, Pin pin, Optional<ByteRange> wanted) {}

  public FileDelivery(OutputFile file) {
    this.file = file;
    copier = Thread.ofVirtual().name("output").start(this::run);
  }

  /**
   * The content is known: what was written for an earlier version is void.
   *
   * @throws OutputException when the disk has no room for it
   */
  public void begin(StoredTask task, Optional<ByteRange> wanted) throws OutputException {
    if (!file.target().forceHardLink()) {
      file.requireSpace(task, wanted);
    }
    lock.lock();
    try {
      if (closed) {
        return;
      }
      Content before = content;
      content = new Content(task, task.pin(), wanted);
      waiting.clear();
      if (before != null) {
        restart = true;
        before.pin().close();
      }
    } finally {
      lock.unlock();
    }
  }

  /** This piece of the content is stored, or what the caller wants of it. */
  public void add(int piece) {
    if (file.target().forceHardLink()) {
      return;
    }
    lock.lock();
    try {
      if (!closed && failure == null) {
        waiting.add(piece);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until every piece told is copied, then gives the file its name. Blocks for as long as the
   * disk takes.
   */
  public void finish() throws OutputException {
    Content finished;
    boolean again;
    lock.lock();
    try {
      while (failure == null && !closed && (busy || !waiting.isEmpty())) {
        changed.awaitUninterruptibly();
      }
      if (failure != null) {
        throw failure;
      }
      if (closed || content == null) {
        throw new OutputException(
            Code.CANCELLED, "The download to " + file.target().path() + " was cancelled");
      }
      finished = content;
      again = restart;
    } finally {
      lock.unlock();
    }
    if (again) {
      file.restart();
    }
    if (file.target().forceHardLink()) {
      requireWhole(finished);
      file.link(finished.task().file());
    }
    file.commit();
  }

  private void requireWhole(Content finished) throws OutputException {
    long length = finished.task().content().length().orElse(0);
    long wanted = finished.wanted().map(ByteRange::length).orElse(0L);
    if (length != wanted) {
      throw new OutputException(
          Code.INVALID_ARGUMENT,
          "The output file "
              + file.target().path()
              + " can't be a hard link because only a part of the content was asked for");
    }
  }

  private void run() {
    while (true) {
      int piece;
      Content from;
      boolean again;
      lock.lock();
      try {
        busy = false;
        changed.signalAll();
        while (!closed && failure == null && (waiting.isEmpty() || content == null)) {
          changed.awaitUninterruptibly();
        }
        Content current = content;
        if (closed || failure != null || current == null) {
          return;
        }
        piece = waiting.removeFirst();
        from = new Content(current.task(), current.task().pin(), current.wanted());
        again = restart;
        restart = false;
        busy = true;
      } finally {
        lock.unlock();
      }
      try (Pin _ = from.pin()) {
        if (again) {
          file.restart();
        }
        copy(from, piece);
      } catch (IOException e) {
        fail(file.failure("write", e));
      } catch (OutputException e) {
        fail(e);
      } catch (RuntimeException e) {
        // Whoever waits for the file must hear of it.
        fail(
            new OutputException(
                Code.INTERNAL,
                "The output file " + file.target().path() + " can't be written: " + e,
                e));
      }
    }
  }

  private void copy(Content from, int piece) throws IOException, OutputException {
    ByteRange wanted = from.wanted().orElse(null);
    if (wanted == null) {
      return;
    }
    ByteRange whole = from.task().layout().range(piece);
    long start = Math.max(whole.start(), wanted.start());
    long end = Math.min(whole.endExclusive(), wanted.endExclusive());
    if (start < end) {
      long offset = start - whole.start();
      try (PieceContent view = from.task().viewForThisHost(piece, offset)) {
        file.write(view, offset, end - start, start - wanted.start());
      }
    }
  }

  private void fail(OutputException e) {
    lock.lock();
    try {
      failure = e;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Nobody wants the file any more: {@link #finish} no longer waits. From any thread. */
  public void cancel() {
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        waiting.clear();
        if (content != null) {
          content.pin().close();
        }
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Stops copying; unless finished, what was there before stays as it was. */
  @Override
  public void close() throws IOException {
    cancel();
    try {
      copier.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    file.close();
  }
}
