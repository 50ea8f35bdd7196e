package io.dragonfly.daemon.rpc;

import io.dragonfly.daemon.download.DownloadCount;
import io.dragonfly.daemon.link.DownloadRequest;

/** Where services count what they were asked; the daemon's metrics implement it. */
public interface DaemonCounters {
  /** A request of this name, as upstream's metrics call it. */
  void asked(String name);

  /** A request that was counted as asked has failed. */
  void failed(String name);

  /** A download that a caller waits for begins. */
  DownloadCount downloadStarted(DownloadRequest request);

  /** A download begins that brings what nobody waits for yet; it counts as a download, too. */
  DownloadCount prefetchStarted(DownloadRequest request);
}
