package io.dragonfly.daemon.storage;

import java.io.IOException;

/** The disk, or the quota, has no room for what was about to be written. */
public final class NoSpaceException extends IOException {
  private static final long serialVersionUID = 1L;

  private final long neededBytes;
  private final long freeBytes;

  NoSpaceException(String message, long neededBytes, long freeBytes) {
    super(message);
    this.neededBytes = neededBytes;
    this.freeBytes = freeBytes;
  }

  public long neededBytes() {
    return neededBytes;
  }

  public long freeBytes() {
    return freeBytes;
  }
}
