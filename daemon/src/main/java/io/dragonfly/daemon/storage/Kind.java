package io.dragonfly.daemon.storage;

import java.util.Optional;

/** The kinds of task; each has a directory of its own, named as upstream names it. */
public enum Kind {
  TASK(0, "tasks"),
  PERSISTENT_TASK(1, "persistent-tasks"),
  PERSISTENT_CACHE_TASK(2, "persistent-cache-tasks");

  private final int code;
  private final String directory;

  Kind(int code, String directory) {
    this.code = code;
    this.directory = directory;
  }

  /** The number that stands for this kind on disk and on the wire. */
  public int code() {
    return code;
  }

  public static Optional<Kind> ofCode(int code) {
    for (Kind kind : values()) {
      if (kind.code == code) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }

  String directory() {
    return directory;
  }
}
