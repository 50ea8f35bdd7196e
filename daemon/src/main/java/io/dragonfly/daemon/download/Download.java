package io.dragonfly.daemon.download;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;

/** One caller's running download. */
public interface Download {
  TaskId taskId();

  /** The peer that this host is, or was last, in the task's swarm. */
  PeerId peerId();

  /**
   * The caller passes bytes on in order and needs this piece next: it and those after it come
   * first.
   */
  void reading(int piece);

  /**
   * The caller goes away; its listener hears {@code failed} with CANCELLED unless it had an answer.
   * When nobody else waits for the task everything stops. Idempotent.
   */
  void cancel();
}
