package io.dragonfly.common.id;

/**
 * Names a machine that runs a daemon: {@code ip-hostname}, and {@code ip-hostname-seed} for a seed
 * peer.
 */
public record HostId(String value) implements Comparable<HostId> {
  public static final int MAX_LENGTH = 512;

  /**
   * Throws {@link IllegalArgumentException} when blank, longer than 512 characters or with control
   * characters.
   */
  public HostId {
    Shortened.check("host id", value, MAX_LENGTH);
  }

  public static HostId of(String ip, String hostname, boolean seed) {
    return new HostId(ip + "-" + hostname + (seed ? "-seed" : ""));
  }

  @Override
  public int compareTo(HostId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
