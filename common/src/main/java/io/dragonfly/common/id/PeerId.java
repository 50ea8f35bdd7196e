package io.dragonfly.common.id;

import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * Names one download of one task by one host: {@code ip-hostname-uuid}, and {@code
 * ip-hostname-uuid-seed} for a seed peer.
 */
public record PeerId(String value) implements Comparable<PeerId> {
  public static final int MAX_LENGTH = 512;

  /**
   * Throws {@link IllegalArgumentException} when blank, longer than 512 characters or with control
   * characters.
   */
  public PeerId {
    Shortened.check("peer id", value, MAX_LENGTH);
  }

  /** A new id whose middle part has the shape of a version 4 UUID. */
  public static PeerId random(String ip, String hostname, boolean seed, RandomGenerator random) {
    long high = (random.nextLong() & ~0xF000L) | 0x4000L;
    long low = (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
    return new PeerId(ip + "-" + hostname + "-" + new UUID(high, low) + (seed ? "-seed" : ""));
  }

  @Override
  public int compareTo(PeerId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
