package io.dragonfly.daemon.storage;

import java.io.IOException;

/** Bytes differ from what the root, the block hash or the checksum says they must be. */
public final class CorruptPieceException extends IOException {
  private static final long serialVersionUID = 1L;

  public CorruptPieceException(String message) {
    super(message);
  }
}
