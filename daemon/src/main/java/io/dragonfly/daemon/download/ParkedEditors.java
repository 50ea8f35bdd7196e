package io.dragonfly.daemon.download;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.StoredTask;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Editors of pieces that a read of the origin left unfinished: the next read goes on from the byte
 * where it broke. Who fetches such a piece from a parent releases its editor first.
 */
final class ParkedEditors implements AutoCloseable {
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<Integer, PieceEditor> parked = new HashMap<>();

  @GuardedBy("lock")
  private boolean closed;

  /** The parked editor of the piece, or a new one; empty when somebody else writes the piece. */
  Optional<PieceEditor> take(StoredTask task, int piece) {
    lock.lock();
    try {
      PieceEditor editor = parked.remove(piece);
      if (editor != null) {
        return Optional.of(editor);
      }
      if (closed) {
        return Optional.empty();
      }
    } finally {
      lock.unlock();
    }
    return task.edit(piece);
  }

  void park(PieceEditor editor) {
    lock.lock();
    try {
      if (!closed && editor.position() > 0) {
        parked.put(editor.number(), editor);
        return;
      }
    } finally {
      lock.unlock();
    }
    editor.close();
  }

  void release(int piece) {
    PieceEditor editor;
    lock.lock();
    try {
      editor = parked.remove(piece);
    } finally {
      lock.unlock();
    }
    if (editor != null) {
      editor.close();
    }
  }

  @Override
  public void close() {
    Map<Integer, PieceEditor> left;
    lock.lock();
    try {
      closed = true;
      left = new HashMap<>(parked);
      parked.clear();
    } finally {
      lock.unlock();
    }
    left.values().forEach(PieceEditor::close);
  }
}
