package io.dragonfly.daemon.download;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.link.DownloadRequest;

/** One caller, and the running download that serves it now. */
final class DownloadHandle implements Download {
  final long id;
  final DownloadRequest request;
  final DownloadListener listener;
  private volatile RunningDownload running;
  private volatile boolean cancelled;

  DownloadHandle(
      long id,
      DownloadRequest request,
      DownloadListener listener,
      RunningDownload running,
      Workshop workshop) {
    this.id = id;
    this.request = request;
    // A seed that a scheduler tells to fetch has no rights of its own, and needs none.
    this.listener =
        request.triggeredByScheduler() && !listener.givesBytes()
            ? listener
            : new Gate(request, listener, workshop.rights, workshop.virtual, this::refused);
    this.running = running;
  }

  private void refused(DownloadException failure) {
    running.post(new Event.Detach(id, failure));
  }

  /** The one that served it ended just when it joined. */
  void movedTo(RunningDownload next) {
    running = next;
    if (cancelled) {
      cancel();
    }
  }

  @Override
  public TaskId taskId() {
    return request.taskId();
  }

  @Override
  public PeerId peerId() {
    return running.peer();
  }

  @Override
  public void reading(int piece) {
    running.post(new Event.Reading(id, piece));
  }

  @Override
  public void cancel() {
    cancelled = true;
    running.post(
        new Event.Detach(
            id,
            new DownloadException(
                Code.CANCELLED,
                "The download of "
                    + request.urlForDisplay()
                    + " was cancelled; what had arrived stays in the cache.")));
  }
}
