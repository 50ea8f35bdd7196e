package io.dragonfly.daemon.storage;

/** Told of a task's changes, without locks held, on the thread that made the change. */
public interface StoreListener {
  /** A piece is whole, verified and readable. */
  void pieceFinished(int number);

  /** A piece comes in whose bytes are verified block by block and may be read as they come. */
  default void pieceBegun(int number) {}

  /** A piece comes in from the origin and may be read by this host as it comes. */
  default void pieceArriving(int number) {}

  /** The task left the store (deleted, evicted, or replaced by a newer version). */
  void deleted();
}
