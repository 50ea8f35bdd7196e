package io.dragonfly.cli.download;

/**
 * Where bytes came from.
 *
 * @param cache bytes this host held already
 * @param peers bytes from other peers
 * @param seed bytes from a seed peer
 * @param origin bytes from the origin
 * @param earlier bytes that an earlier try without a daemon had left
 */
public record Shares(long cache, long peers, long seed, long origin, long earlier) {
  public static final Shares NONE = new Shares(0, 0, 0, 0);

  public Shares {
    if (cache < 0 || peers < 0 || seed < 0 || origin < 0 || earlier < 0) {
      throw new IllegalArgumentException("bytes cannot be negative");
    }
  }

  /** Of a download that began anew. */
  public Shares(long cache, long peers, long seed, long origin) {
    this(cache, peers, seed, origin, 0);
  }

  /** All bytes whose source is known. */
  public long total() {
    return cache + peers + seed + origin + earlier;
  }
}
