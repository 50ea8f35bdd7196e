package io.dragonfly.daemon.storage;

/** Told of a task's changes, without locks held, on the thread that made the change. */
public interface StoreListener {
  /** Ends what the listener hears. */
  interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  /** A piece is whole, verified and readable. */
  void pieceFinished(int number);

  /** A piece comes in whose bytes are verified block by block and may be read as they come. */
  default void pieceBegun(int number) {}

  /** A piece does not come in any more: it is whole, or was given up. */
  default void pieceStopped(int number) {}

  /** Another host begins to get the piece from this one. */
  default void uploadBegun(int number) {}

  /**
   * Another host gets no more of the piece.
   *
   * @param whole whether it got all that it asked for
   */
  default void uploadEnded(int number, boolean whole) {}

  /** A piece comes in from the origin and may be read by this host as it comes. */
  default void pieceArriving(int number) {}

  /** The task left the store (deleted, evicted, or replaced by a newer version). */
  void deleted();
}
