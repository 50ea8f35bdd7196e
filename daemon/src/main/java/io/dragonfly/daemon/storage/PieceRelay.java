package io.dragonfly.daemon.storage;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.BlockSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What others may read of a piece that is not whole: its verified blocks, or, where it comes from
 * the origin and is for this host alone, all that have arrived. Ends whole, or broken when its
 * editor gave the piece up. Written by the editor's thread, read by any.
 */
final class PieceRelay {
  /** What is to be run when the byte at an offset is there. */
  private record Waiting(long offset, Runnable wake) {}

  /** What may be read: these blocks, and the beginning of another one. */
  private record Extent(BlockSet blocks, long from, long to) {}

  private final int number;
  private final long length;
  private final long blockLength;
  private final Optional<BlockHashes> hashes;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private List<Waiting> waiting = new ArrayList<>();

  private volatile Extent extent;
  private volatile boolean whole;
  private volatile boolean broken;

  PieceRelay(
      int number, long length, long blockLength, Optional<BlockHashes> hashes, BlockSet blocks) {
    this.number = number;
    this.length = length;
    this.blockLength = blockLength;
    this.hashes = hashes;
    this.extent = new Extent(blocks, 0, 0);
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

  /** See {@link PieceContent#available}. */
  long available(long offset) {
    if (whole) {
      return Math.max(0, length - offset);
    }
    Extent now = extent;
    long end = offset;
    if (offset < length) {
      int block = (int) (offset / blockLength);
      if (now.blocks.has(block)) {
        end = Math.min(now.blocks.endOfRun(block) * blockLength, length);
      }
      if (now.from <= end && end < now.to) {
        end = now.to;
      }
    }
    return end - offset;
  }

  boolean isBroken() {
    return broken;
  }

  /** See {@link PieceContent#whenAvailable}. */
  void whenAvailable(long offset, Runnable wake) {
    lock.lock();
    try {
      if (!broken && available(offset) == 0) {
        waiting.add(new Waiting(offset, wake));
        return;
      }
    } finally {
      lock.unlock();
    }
    wake.run();
  }

  /** There are these blocks, and the bytes of another one from here to there. */
  void advance(BlockSet blocks, long from, long to) {
    extent = new Extent(blocks, from, to);
    wake();
  }

  /** It ends; broken unless all of it is there, and then a block that is not whole has gone. */
  void end(boolean isWhole) {
    extent = new Extent(extent.blocks, 0, 0);
    whole = isWhole;
    broken = !isWhole;
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
        (broken || available(one.offset) > 0 ? woken : left).add(one);
      }
      waiting = left;
    } finally {
      lock.unlock();
    }
    woken.forEach(one -> one.wake.run());
  }
}
