package io.dragonfly.daemon.transfer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/** Connections to parents of ours that are kept for the next request; the newest is used first. */
final class ParentConnections {
  private record Kept(SocketChannel channel, long since) {}

  private final int perParent;
  private final int limit;
  private final long idleNanos;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<ParentAddress, ArrayDeque<Kept>> kept = new LinkedHashMap<>();

  @GuardedBy("lock")
  private int count;

  @GuardedBy("lock")
  private boolean closed;

  ParentConnections(PieceClientOptions options) {
    this.perParent = options.idleConnectionsPerParent();
    this.limit = options.idleConnections();
    this.idleNanos = options.idleTimeout().toNanos();
  }

  /** One that may still be open. */
  Optional<SocketChannel> take(ParentAddress parent) {
    lock.lock();
    try {
      ArrayDeque<Kept> ofParent = kept.get(parent);
      if (ofParent == null) {
        return Optional.empty();
      }
      Kept newest = ofParent.removeLast();
      count--;
      if (ofParent.isEmpty()) {
        kept.remove(parent);
      }
      return Optional.of(newest.channel());
    } finally {
      lock.unlock();
    }
  }

  void keep(ParentAddress parent, SocketChannel channel) {
    boolean full;
    lock.lock();
    try {
      ArrayDeque<Kept> ofParent = kept.get(parent);
      int held = ofParent == null ? 0 : ofParent.size();
      full = closed || count >= limit || held >= perParent;
      if (!full) {
        kept.computeIfAbsent(parent, _ -> new ArrayDeque<>())
            .addLast(new Kept(channel, System.nanoTime()));
        count++;
      }
    } finally {
      lock.unlock();
    }
    if (full) {
      PieceSockets.close(channel);
    }
  }

  void closeIdle() {
    closeOlderThan(idleNanos);
  }

  void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
    closeOlderThan(Long.MIN_VALUE);
  }

  private void closeOlderThan(long nanos) {
    long now = System.nanoTime();
    List<SocketChannel> old = new ArrayList<>();
    lock.lock();
    try {
      Iterator<ArrayDeque<Kept>> parents = kept.values().iterator();
      while (parents.hasNext()) {
        ArrayDeque<Kept> ofParent = parents.next();
        while (!ofParent.isEmpty() && now - ofParent.getFirst().since() >= nanos) {
          old.add(ofParent.removeFirst().channel());
          count--;
        }
        if (ofParent.isEmpty()) {
          parents.remove();
        }
      }
    } finally {
      lock.unlock();
    }
    old.forEach(PieceSockets::close);
  }
}
