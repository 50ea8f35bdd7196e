package io.dragonfly.daemon.download;

/** Is told of all that comes into this host for tasks. Called by many threads. */
public interface DownloadTraffic {
  /** A piece came, once for all who wait for it, and whatever becomes of their downloads. */
  void arrived(ByteSource source, long bytes);
}
