package io.dragonfly.scheduler.swarm;

import java.util.OptionalLong;

/** How large a task is, in upstream's words. Only EMPTY is treated in another way than the rest. */
public enum SizeScope {
  NORMAL,
  SMALL,
  TINY,
  EMPTY;

  private static final long TINY_BYTES = 128;

  /** NORMAL while the length is unknown. */
  public static SizeScope of(OptionalLong length, int pieceCount) {
    if (length.isEmpty()) {
      return NORMAL;
    }
    if (length.getAsLong() == 0) {
      return EMPTY;
    }
    if (length.getAsLong() <= TINY_BYTES) {
      return TINY;
    }
    return pieceCount == 1 ? SMALL : NORMAL;
  }
}
