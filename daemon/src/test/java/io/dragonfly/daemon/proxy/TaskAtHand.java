package io.dragonfly.daemon.proxy;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.daemon.download.ByteCounts;
import io.dragonfly.daemon.download.Download;
import io.dragonfly.daemon.download.DownloadCount;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.download.DownloadListener;
import io.dragonfly.daemon.download.DownloadSummary;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.storage.StoredTask;
import java.time.Duration;
import java.util.Optional;

/** Downloads of one task, of which no more comes than is stored: they are done, or fail. */
record TaskAtHand(StoredTask task, Optional<Code> failure) implements TaskDownloads {
  @Override
  public DownloadRequest request(TaskAsk ask) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Download start(DownloadRequest request, DownloadListener listener) {
    ByteRange whole = ByteRange.whole(task.content().length().orElseThrow());
    listener.started(
        new DownloadListener.Started(
            task.content(), Optional.of(whole), task, failure.isEmpty() ? whole.length() : 0));
    if (failure.isPresent()) {
      listener.failed(new DownloadException(failure.get(), "it failed"));
    } else {
      listener.finished(new DownloadSummary(ByteCounts.NONE, Duration.ZERO));
    }
    return new Download() {
      @Override
      public TaskId taskId() {
        return request.taskId();
      }

      @Override
      public PeerId peerId() {
        throw new UnsupportedOperationException();
      }

      @Override
      public void reading(int piece) {}

      @Override
      public void cancel() {}
    };
  }

  @Override
  public DownloadCount counted(DownloadRequest request) {
    return new DownloadCount() {
      @Override
      public void finished(DownloadSummary summary) {}

      @Override
      public void failed() {}
    };
  }

  @Override
  public DownloadCount countedPrefetch(DownloadRequest request) {
    return counted(request);
  }
}
