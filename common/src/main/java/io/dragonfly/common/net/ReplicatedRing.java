package io.dragonfly.common.net;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.zip.CRC32;

/**
 * Maps a task to a seed peer, the same in every scheduler of a cluster. Each address has twenty
 * points on a ring of unsigned 32-bit numbers, the CRC-32 (IEEE) of the replica's number followed
 * by the address ({@code 010.0.0.1:4000} to {@code 1910.0.0.1:4000}); a key belongs to the first
 * point greater than its own CRC-32, or else to the first of all.
 */
public final class ReplicatedRing {
  private static final int REPLICAS = 20;

  private final TreeMap<Long, String> points = new TreeMap<>();
  private final int size;

  /**
   * Throws {@link IllegalArgumentException} when there is no address.
   *
   * @param addresses as {@code ip:port} or {@code [ip]:port}
   */
  public ReplicatedRing(List<String> addresses) {
    if (addresses.isEmpty()) {
      throw new IllegalArgumentException("a ring needs at least one address");
    }
    for (String address : addresses) {
      for (int replica = 0; replica < REPLICAS; replica++) {
        points.put(crc32(replica + address), address);
      }
    }
    this.size = (int) addresses.stream().distinct().count();
  }

  /** Whose the key is. */
  public String pick(String key) {
    var next = points.higherEntry(crc32(key));
    return next == null ? points.firstEntry().getValue() : next.getValue();
  }

  /**
   * Whose the key is, then the other addresses in the order of the ring: where to turn when the
   * first fails.
   */
  public List<String> inOrder(String key) {
    long start = crc32(key);
    List<String> addresses = new ArrayList<>(size);
    addDistinct(points.tailMap(start, false).values(), addresses);
    addDistinct(points.headMap(start, true).values(), addresses);
    return List.copyOf(addresses);
  }

  private void addDistinct(Iterable<String> from, List<String> to) {
    for (String address : from) {
      if (to.size() == size) {
        return;
      }
      if (!to.contains(address)) {
        to.add(address);
      }
    }
  }

  static long crc32(String text) {
    CRC32 crc32 = new CRC32();
    crc32.update(text.getBytes(UTF_8));
    return crc32.getValue();
  }
}
