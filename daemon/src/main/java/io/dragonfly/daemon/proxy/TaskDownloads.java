package io.dragonfly.daemon.proxy;

import io.dragonfly.daemon.download.Download;
import io.dragonfly.daemon.download.DownloadCount;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadListener;
import io.dragonfly.daemon.link.DownloadRequest;

/** What the proxy needs of the daemon. */
public interface TaskDownloads {
  /**
   * Understands a wish.
   *
   * @throws IllegalArgumentException if it can't be; says why
   */
  DownloadRequest request(TaskAsk ask);

  Download start(DownloadRequest request, DownloadListener listener) throws DownloadException;

  /** Counts a download that begins; the result is told how it ended. */
  DownloadCount counted(DownloadRequest request);

  /** As {@link #counted}, for one that nobody asked for in these words. */
  DownloadCount countedPrefetch(DownloadRequest request);
}
