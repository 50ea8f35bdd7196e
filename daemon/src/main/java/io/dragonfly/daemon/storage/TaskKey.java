package io.dragonfly.daemon.storage;

import io.dragonfly.common.id.TaskId;
import java.util.Objects;

/** Names a stored task: equal ids of different kinds are different tasks. */
public record TaskKey(Kind kind, TaskId id) {
  public TaskKey {
    Objects.requireNonNull(kind);
    Objects.requireNonNull(id);
  }

  @Override
  public String toString() {
    return kind == Kind.TASK ? id.value() : kind.directory() + "/" + id.value();
  }
}
