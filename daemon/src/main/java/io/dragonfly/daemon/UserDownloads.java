package io.dragonfly.daemon;

import io.dragonfly.common.id.HostId;
import io.dragonfly.daemon.download.Download;
import io.dragonfly.daemon.download.DownloadCount;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadListener;
import io.dragonfly.daemon.download.Downloads;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.local.LineDownloads;
import io.dragonfly.daemon.local.LineRequest;
import io.dragonfly.daemon.rpc.DaemonCounters;
import io.dragonfly.daemon.rpc.Services;

/** Connects the line protocol with the rest of the daemon. */
final class UserDownloads implements LineDownloads {
  private final Downloads downloads;
  private final DaemonCounters counters;
  private final HostId host;

  UserDownloads(Downloads downloads, DaemonCounters counters, HostId host) {
    this.downloads = downloads;
    this.counters = counters;
    this.host = host;
  }

  @Override
  public DownloadRequest request(LineRequest line) {
    return Services.request(line);
  }

  @Override
  public Download start(DownloadRequest request, DownloadListener listener)
      throws DownloadException {
    return downloads.start(request, listener);
  }

  @Override
  public String code(DownloadException failure) {
    return Services.code(failure);
  }

  @Override
  public String host() {
    return host.value();
  }

  @Override
  public String version() {
    return Daemon.version();
  }

  @Override
  public DownloadCount counted(DownloadRequest request) {
    return counters.downloadStarted(request);
  }
}
