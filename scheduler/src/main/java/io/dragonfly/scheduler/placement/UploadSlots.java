package io.dragonfly.scheduler.placement;

import io.dragonfly.common.id.TaskId;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * How many children a host serves at once, over all tasks. A task that found the host full is told
 * when a slot comes free. Guarded by its own monitor; nothing else is locked while it is held.
 */
public final class UploadSlots {
  private final Set<TaskId> wanting = new LinkedHashSet<>();
  private int limit;
  private int used;

  /** A host that serves at most {@code limit} children. */
  public UploadSlots(int limit) {
    limit(limit);
  }

  /**
   * Takes one slot for {@code task}; when there is none, the task is remembered until one is free.
   */
  public synchronized boolean tryReserve(TaskId task) {
    if (used < limit) {
      used++;
      return true;
    }
    wanting.add(task);
    return false;
  }

  /** Gives one slot back; the result are the tasks that wanted one. */
  public synchronized List<TaskId> release() {
    if (used == 0) {
      throw new IllegalStateException("a slot was released that was never reserved");
    }
    used--;
    return used < limit ? takeWanting() : List.of();
  }

  /**
   * Changes the bound; edges over a lowered one are kept. The result are the tasks that wanted a
   * slot.
   */
  public synchronized List<TaskId> limit(int newLimit) {
    if (newLimit < 1) {
      throw new IllegalArgumentException("upload slots are " + newLimit + ", at least 1 is needed");
    }
    limit = newLimit;
    return used < limit ? takeWanting() : List.of();
  }

  public synchronized int used() {
    return used;
  }

  private List<TaskId> takeWanting() {
    if (wanting.isEmpty()) {
      return List.of();
    }
    List<TaskId> tasks = new ArrayList<>(wanting);
    wanting.clear();
    return tasks;
  }
}
