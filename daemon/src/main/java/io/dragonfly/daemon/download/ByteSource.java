package io.dragonfly.daemon.download;

/** Where the bytes of a piece came from, as a caller sees it. */
public enum ByteSource {
  /** They were on this host already. */
  CACHE,
  PEER,
  SEED,
  ORIGIN
}
