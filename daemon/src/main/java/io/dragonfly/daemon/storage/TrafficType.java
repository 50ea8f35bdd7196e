package io.dragonfly.daemon.storage;

import java.util.Optional;

/** Where the bytes of a piece came from. */
public enum TrafficType {
  BACK_TO_SOURCE(0),
  REMOTE_PEER(1),
  LOCAL_PEER(2);

  private final int code;

  TrafficType(int code) {
    this.code = code;
  }

  /** The number that stands for this type on disk and on the wire. */
  public int code() {
    return code;
  }

  public static Optional<TrafficType> ofCode(int code) {
    for (TrafficType type : values()) {
      if (type.code == code) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }
}
