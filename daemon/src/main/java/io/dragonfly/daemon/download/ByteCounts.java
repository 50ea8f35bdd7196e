package io.dragonfly.daemon.download;

/** Bytes a caller received, by where they came from. */
public record ByteCounts(long cache, long peers, long seed, long origin) {
  public static final ByteCounts NONE = new ByteCounts(0, 0, 0, 0);

  public long total() {
    return cache + peers + seed + origin;
  }

  public ByteCounts plus(ByteCounts other) {
    return new ByteCounts(
        cache + other.cache, peers + other.peers, seed + other.seed, origin + other.origin);
  }

  public ByteCounts plus(ByteSource source, long bytes) {
    return switch (source) {
      case CACHE -> new ByteCounts(cache + bytes, peers, seed, origin);
      case PEER -> new ByteCounts(cache, peers + bytes, seed, origin);
      case SEED -> new ByteCounts(cache, peers, seed + bytes, origin);
      case ORIGIN -> new ByteCounts(cache, peers, seed, origin + bytes);
    };
  }
}
