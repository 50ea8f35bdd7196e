package io.dragonfly.daemon.transfer;

import java.net.InetAddress;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The connections that a piece server has open, and whether there is room for one more. The
 * selector thread's, but for the count.
 */
final class ChildConnections {
  private final int most;
  private final ChildCounts hosts;
  private final Set<PieceConnection> open = new LinkedHashSet<>();
  private final AtomicInteger count = new AtomicInteger();
  private int draining;

  /**
   * @param most in all
   * @param mostPerHost of one address
   */
  ChildConnections(int most, int mostPerHost) {
    this.most = most;
    this.hosts = new ChildCounts(mostPerHost);
  }

  /** Any thread. */
  int count() {
    return count.get();
  }

  boolean isEmpty() {
    return open.isEmpty();
  }

  List<PieceConnection> all() {
    return List.copyOf(open);
  }

  /**
   * Adds one, for which one that is only kept for its next request gives way where there is no
   * room.
   *
   * @return whether there was room; when not, the connection is among the others, to be told so
   */
  boolean add(PieceConnection connection) {
    open.add(connection);
    count.incrementAndGet();
    InetAddress child = connection.child();
    if (!hosts.tryAdd(child)) {
      PieceConnection kept = kept(child);
      if (kept == null) {
        return false;
      }
      remove(kept);
      hosts.tryAdd(child);
    }
    connection.counted(true);
    if (open.size() - draining > most) {
      PieceConnection kept = kept(null);
      if (kept == null || kept == connection) {
        return false;
      }
      remove(kept);
    }
    return true;
  }

  /** The one that is kept for the longest, of an address or of all. */
  private @Nullable PieceConnection kept(@Nullable InetAddress child) {
    for (PieceConnection connection : open) {
      if (connection.isKept() && (child == null || child.equals(connection.child()))) {
        return connection;
      }
    }
    return null;
  }

  /** How many wait only for the child to read why they end. */
  int draining() {
    return draining;
  }

  void drains(PieceConnection connection) {
    connection.state(PieceConnection.State.DRAINING);
    draining++;
  }

  /** Closes it. */
  void remove(PieceConnection connection) {
    if (connection.state() == PieceConnection.State.DRAINING) {
      draining--;
    }
    connection.state(PieceConnection.State.CLOSED);
    connection.close();
    if (open.remove(connection)) {
      count.decrementAndGet();
      if (connection.counted(false)) {
        hosts.remove(connection.child());
      }
    }
  }
}
