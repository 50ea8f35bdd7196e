package io.dragonfly.common.net;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dragonfly.common.id.TaskId;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Maps a task to a scheduler, the same in every client of a cluster. Each address is one point on a
 * ring of unsigned 64-bit numbers; a task belongs to the first point that is not less than the
 * task's, or else to the first of all. Points are SipHash-2-4 with key 0, 0 of:
 *
 * <pre>
 * IPv4   u64 0 | 4 octets | port u16                                little-endian
 * IPv6   u64 1 | 16 octets | port u16 | flow u32 (0) | scope u32
 * task   the first five characters of its id (all, when it has fewer) | 0xFF
 * </pre>
 */
public final class HashRing {
  private static final int KEY_LENGTH = 5;

  private final List<Point> points;

  private record Point(long hash, InetSocketAddress address) {}

  private HashRing(List<Point> points) {
    this.points = points;
  }

  /**
   * Throws {@link IllegalArgumentException} when there is no address, or one that is a name not
   * resolved.
   */
  public static HashRing of(List<InetSocketAddress> addresses) {
    if (addresses.isEmpty()) {
      throw new IllegalArgumentException("a ring needs at least one address");
    }
    List<Point> points = new ArrayList<>();
    for (InetSocketAddress address : new LinkedHashSet<>(addresses)) {
      points.add(new Point(hash(address), address));
    }
    points.sort(Comparator.comparingLong(point -> point.hash() ^ Long.MIN_VALUE));
    return new HashRing(List.copyOf(points));
  }

  /** Whose the task is. */
  public InetSocketAddress pick(TaskId task) {
    return points.get(index(task)).address();
  }

  /**
   * Whose the task is, then the other addresses in the order of the ring: where to turn when the
   * first fails.
   */
  public List<InetSocketAddress> inOrder(TaskId task) {
    int first = index(task);
    List<InetSocketAddress> addresses = new ArrayList<>(points.size());
    for (int i = 0; i < points.size(); i++) {
      addresses.add(points.get((first + i) % points.size()).address());
    }
    return List.copyOf(addresses);
  }

  private int index(TaskId task) {
    long key = hash(task);
    for (int i = 0; i < points.size(); i++) {
      if (Long.compareUnsigned(points.get(i).hash(), key) >= 0) {
        return i;
      }
    }
    return 0;
  }

  static long hash(TaskId task) {
    String text = task.value();
    byte[] prefix = text.substring(0, Math.min(KEY_LENGTH, text.length())).getBytes(UTF_8);
    byte[] key = new byte[prefix.length + 1];
    System.arraycopy(prefix, 0, key, 0, prefix.length);
    key[prefix.length] = (byte) 0xFF;
    return SipHash24.hash(key);
  }

  static long hash(InetSocketAddress address) {
    InetAddress ip = address.getAddress();
    if (ip == null) {
      throw new IllegalArgumentException("address " + address.getHostString() + " is not resolved");
    }
    byte[] octets = ip.getAddress();
    boolean v6 = ip instanceof Inet6Address;
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + octets.length + 2 + (v6 ? 8 : 0)).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(v6 ? 1 : 0).put(octets).putShort((short) address.getPort());
    if (ip instanceof Inet6Address scoped) {
      bytes.putInt(0).putInt(scoped.getScopeId());
    }
    return SipHash24.hash(bytes.array());
  }
}
