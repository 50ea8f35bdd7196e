package io.dragonfly.daemon.download;

/** Bytes a caller received, by where they came from. */
public record ByteCounts(long cache, long peers, long seed, long origin) {
  public static final ByteCounts NONE = new ByteCounts(0, 0, 0, 0);

  public long total() {
    return cache + peers + seed + origin;
  }

  /** Where most of what is more here than in others comes from; the origin when nothing is. */
  public ByteSource mostBeyond(ByteCounts others) {
    long fromPeers = peers - others.peers;
    long fromSeed = seed - others.seed;
    long most = Math.max(Math.max(0, origin - others.origin), Math.max(fromPeers, fromSeed));
    if (most == 0 || most == origin - others.origin) {
      return ByteSource.ORIGIN;
    }
    return most == fromSeed ? ByteSource.SEED : ByteSource.PEER;
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
