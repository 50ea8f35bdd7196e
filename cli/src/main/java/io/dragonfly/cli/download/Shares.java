package io.dragonfly.cli.download;

/**
 * Where bytes came from.
 *
 * @param cache bytes this host held already
 * @param peers bytes from other peers
 * @param seed bytes from a seed peer
 * @param origin bytes from the origin
 */
public record Shares(long cache, long peers, long seed, long origin) {
  public static final Shares NONE = new Shares(0, 0, 0, 0);

  public Shares {
    if (cache < 0 || peers < 0 || seed < 0 || origin < 0) {
      throw new IllegalArgumentException("bytes cannot be negative");
    }
  }

  /** All bytes whose source is known. */
  public long total() {
    return cache + peers + seed + origin;
  }
}
