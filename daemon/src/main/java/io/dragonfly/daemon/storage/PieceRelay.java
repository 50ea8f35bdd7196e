package io.dragonfly.daemon.storage;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.piece.BlockHashes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What others may read of a piece that still comes in: its bytes up to the last verified block, or,
 * where it comes from the origin and is for this host alone, all that have arrived. Ends whole, or
 * broken when its editor gave the piece up. Written by the editor's thread, read by any.
 */
final class PieceRelay {
  /** What is to be run when there is more than so many bytes. */
  private record Waiting(long beyond, Runnable wake) {}

  private final int number;
  private final long length;
  private final Optional<BlockHashes> hashes;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private List<Waiting> waiting = new ArrayList<>();

  private volatile long available;
  private volatile boolean broken;

  PieceRelay(int number, long length, Optional<BlockHashes> hashes, long available) {
    this.number = number;
    this.length = length;
    this.hashes = hashes;
    this.available = available;
  }

  int number() {
    return number;
  }

  long length() {
    return length;
  }

  Optional<BlockHashes> hashes() {
    return hashes;
  }

  long available() {
    return available;
  }

  boolean isBroken() {
    return broken;
  }

  /** See {@link PieceContent#whenBeyond}. */
  void whenBeyond(long beyond, Runnable wake) {
    lock.lock();
    try {
      if (!broken && available <= beyond) {
        waiting.add(new Waiting(beyond, wake));
        return;
      }
    } finally {
      lock.unlock();
    }
    wake.run();
  }

  void advance(long bytes) {
    if (bytes > available) {
      available = bytes;
      wake();
    }
  }

  /** It ends; broken unless all of it is there. */
  void end(boolean whole) {
    if (whole) {
      available = length;
    } else {
      broken = true;
    }
    wake();
  }

  private void wake() {
    List<Waiting> woken = new ArrayList<>();
    lock.lock();
    try {
      if (waiting.isEmpty()) {
        return;
      }
      List<Waiting> left = new ArrayList<>();
      for (Waiting one : waiting) {
        (broken || available > one.beyond ? woken : left).add(one);
      }
      waiting = left;
    } finally {
      lock.unlock();
    }
    woken.forEach(one -> one.wake.run());
  }
}
