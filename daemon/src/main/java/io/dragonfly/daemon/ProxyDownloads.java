package io.dragonfly.daemon;

import io.dragonfly.daemon.download.Download;
import io.dragonfly.daemon.download.DownloadCount;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadListener;
import io.dragonfly.daemon.download.Downloads;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.proxy.TaskAsk;
import io.dragonfly.daemon.proxy.TaskDownloads;
import io.dragonfly.daemon.rpc.DaemonCounters;
import io.dragonfly.daemon.rpc.Services;
import java.util.Optional;

/** Connects the proxy with the rest of the daemon. */
final class ProxyDownloads implements TaskDownloads {
  private final Downloads downloads;
  private final DaemonCounters counters;

  ProxyDownloads(Downloads downloads, DaemonCounters counters) {
    this.downloads = downloads;
    this.counters = counters;
  }

  @Override
  public DownloadRequest request(TaskAsk ask) {
    return Services.request(ask);
  }

  @Override
  public Download start(DownloadRequest request, DownloadListener listener)
      throws DownloadException {
    Optional<Download> held = downloads.startHeld(request, listener);
    return held.isPresent() ? held.get() : downloads.start(request, listener);
  }

  @Override
  public DownloadCount counted(DownloadRequest request) {
    return counters.downloadStarted(request);
  }

  @Override
  public DownloadCount countedPrefetch(DownloadRequest request) {
    return counters.prefetchStarted(request);
  }
}
