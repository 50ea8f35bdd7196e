package io.dragonfly.lab.sim;

import java.util.BitSet;

/** One child that follows one parent's pieces, seen from both ends. */
final class Sync {
  final SimHost child;
  final SimHost parent;
  final int number;

  /** Pieces of which the child has not been told. */
  final BitSet untold;

  private boolean open = true;

  Sync(SimHost child, SimHost parent, int number, BitSet interested) {
    this.child = child;
    this.parent = parent;
    this.number = number;
    this.untold = (BitSet) interested.clone();
  }

  boolean isOpen() {
    return open;
  }

  void close() {
    open = false;
  }
}
