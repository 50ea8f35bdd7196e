package io.dragonfly.daemon.storage;

/** Reads one finished piece. */
public interface PieceView extends PieceContent {
  StoredPiece piece();

  @Override
  default long available() {
    return length();
  }

  @Override
  default boolean isBroken() {
    return false;
  }

  @Override
  default void whenBeyond(long beyond, Runnable wake) {
    wake.run();
  }
}
