package io.dragonfly.daemon.storage;

import java.io.IOException;

/** The piece isn't (or is no longer) in the store. */
public final class MissingPieceException extends IOException {
  private static final long serialVersionUID = 1L;

  MissingPieceException(String message) {
    super(message);
  }
}
