package io.dragonfly.daemon.link;

import io.dragonfly.common.id.TaskId;

/** Opens links to the scheduler that is responsible for a task. */
public interface SwarmLinks {
  /**
   * Opens a link to the scheduler of {@code task}. Returns at once; the listener hears {@code
   * ready} or {@code lost}, each at most once, {@code lost} last. Closing the link silences the
   * listener.
   */
  SwarmLink open(TaskId task, LinkListener listener);

  /** Whether any scheduler is known; when not, a download does not wait for one. */
  boolean anyScheduler();
}
