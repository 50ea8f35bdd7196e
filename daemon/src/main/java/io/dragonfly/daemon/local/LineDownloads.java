package io.dragonfly.daemon.local;

import io.dragonfly.daemon.download.Download;
import io.dragonfly.daemon.download.DownloadCount;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadListener;
import io.dragonfly.daemon.link.DownloadRequest;

/** What the line protocol needs of the daemon. */
public interface LineDownloads {
  /**
   * Understands a request.
   *
   * @throws IllegalArgumentException if it can't be; says why
   */
  DownloadRequest request(LineRequest line);

  Download start(DownloadRequest request, DownloadListener listener) throws DownloadException;

  /** The gRPC name of a failure. */
  String code(DownloadException failure);

  /** What this host is called. */
  String host();

  /** For {@code pong}. */
  String version();

  /** Counts a download that begins; the result is told how it ended. */
  DownloadCount counted(DownloadRequest request);
}
