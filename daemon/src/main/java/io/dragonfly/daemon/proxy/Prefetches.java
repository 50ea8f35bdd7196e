package io.dragonfly.daemon.proxy;

import io.dragonfly.daemon.download.ByteSource;
import io.dragonfly.daemon.download.Download;
import io.dragonfly.daemon.download.DownloadCount;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadListener;
import io.dragonfly.daemon.download.DownloadSummary;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.storage.StoredPiece;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Downloads of whole contents of which somebody wanted a part; each at most once at a time. */
final class Prefetches {
  private static final Logger log = LoggerFactory.getLogger(Prefetches.class);
  private static final int MOST = 64;

  private final TaskDownloads downloads;
  private final Set<String> running = ConcurrentHashMap.newKeySet();

  Prefetches(TaskDownloads downloads) {
    this.downloads = downloads;
  }

  /** Begins one, unless it runs or there are too many; goes on without the client. */
  void begin(TaskAsk ask) {
    DownloadRequest request;
    try {
      request = downloads.request(ask.withRange(Optional.empty())).asPrefetch();
    } catch (IllegalArgumentException e) {
      return; // The client hears of it from its own download.
    }
    String id = request.taskId().value();
    if (running.size() >= MOST || !running.add(id)) {
      return;
    }
    DownloadCount counted = downloads.countedPrefetch(request);
    try {
      Download _ = downloads.start(request, new Ends(id, counted));
    } catch (DownloadException e) {
      running.remove(id);
      counted.failed();
      log.info("event=prefetch_refused task={} reason=\"{}\"", id, e.getMessage());
    }
  }

  /** Hears how one ends. */
  private final class Ends implements DownloadListener {
    private final String id;
    private final DownloadCount counted;

    Ends(String id, DownloadCount counted) {
      this.id = id;
      this.counted = counted;
    }

    @Override
    public void started(Started started) {}

    @Override
    public void pieceFinished(StoredPiece piece, ByteSource source) {}

    @Override
    public void finished(DownloadSummary summary) {
      running.remove(id);
      counted.finished(summary);
    }

    @Override
    public void failed(DownloadException failure) {
      running.remove(id);
      counted.failed();
      log.info("event=prefetch_failed task={} reason=\"{}\"", id, failure.getMessage());
    }
  }
}
