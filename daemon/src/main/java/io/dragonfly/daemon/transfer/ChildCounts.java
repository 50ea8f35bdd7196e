package io.dragonfly.daemon.transfer;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How many connections, or other things of which there is a bounded number, each address has. So
 * one host that takes all it can leaves something to the others. Not thread-safe.
 */
final class ChildCounts {
  private static final InetAddress UNKNOWN = InetAddress.getLoopbackAddress();

  private final int most;
  private final Map<InetAddress, Integer> counts = new HashMap<>();

  /**
   * @param most for each address
   */
  ChildCounts(int most) {
    this.most = most;
  }

  static InetAddress address(@Nullable SocketAddress child) {
    return child instanceof InetSocketAddress inet && inet.getAddress() != null
        ? inet.getAddress()
        : UNKNOWN;
  }

  /** False, and nothing counted, when the address has all it may have. */
  boolean tryAdd(InetAddress child) {
    if (counts.getOrDefault(child, 0) >= most) {
      return false;
    }
    counts.merge(child, 1, Integer::sum);
    return true;
  }

  /** Takes back what {@link #tryAdd} counted. */
  void remove(InetAddress child) {
    counts.computeIfPresent(child, (_, count) -> count == 1 ? null : count - 1);
  }
}
