package io.dragonfly.daemon.download;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.daemon.storage.NoSpaceException;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TrafficType;
import io.dragonfly.daemon.transfer.ParentAddress;
import io.dragonfly.daemon.transfer.TransferException;
import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** One piece from one parent, on a thread of the transfer pool. Tells exactly one end. */
final class PieceFetch implements Runnable {
  private static final int EDITOR_ATTEMPTS = 40;
  private static final long EDITOR_PAUSE_MILLIS = 25;

  private final Workshop workshop;
  private final StoredTask task;
  private final int epoch;
  private final Action.Fetch fetch;
  private final Progress progress;
  private final Runnable whenOver;
  private final RunningDownload download;
  private final Cancellation cancellation = new Cancellation();
  private final AtomicBoolean taken = new AtomicBoolean();
  private long firstBytesAt;

  PieceFetch(
      Workshop workshop,
      RunningDownload download,
      StoredTask task,
      int epoch,
      Action.Fetch fetch,
      Runnable whenOver) {
    this.workshop = workshop;
    this.download = download;
    this.task = task;
    this.epoch = epoch;
    this.fetch = fetch;
    this.whenOver = whenOver;
    this.progress =
        new Progress(
            workshop, bytes -> download.post(new Event.FetchProgress(fetch.fetch(), bytes)));
  }

  /** Stops it: at once while it waits for a thread, else by closing its connection. */
  void abort() {
    cancellation.cancel();
    if (taken.compareAndSet(false, true)) {
      fail(Reason.CANCELLED, "given up before it began");
      whenOver.run();
    }
  }

  @Override
  public void run() {
    if (!taken.compareAndSet(false, true)) {
      return;
    }
    try {
      download.post(new Event.FetchStarted(fetch.fetch()));
      fetch();
    } catch (TransferException e) {
      progress.flush();
      if (e.getCause() instanceof NoSpaceException) {
        download.post(new Event.StorageFailed(epoch, true, Messages.of(e.getCause())));
      }
      fail(e.reason(), Messages.of(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fail(Reason.CANCELLED, "the daemon is stopping");
    } catch (RuntimeException e) {
      fail(cancellation.isCancelled() ? Reason.CANCELLED : Reason.LOCAL_IO, Messages.of(e));
    } finally {
      whenOver.run();
    }
  }

  private void arrived(long bytes) {
    if (firstBytesAt == 0) {
      firstBytesAt = workshop.now();
    }
    progress.add(bytes);
  }

  private void fetch() throws TransferException, InterruptedException {
    Optional<PieceEditor> free = editor();
    if (free.isEmpty()) {
      Optional<StoredPiece> stored = task.piece(fetch.piece());
      if (stored.isPresent()) {
        download.post(new Event.FetchDone(fetch.fetch(), stored.get()));
      } else {
        fail(Reason.CANCELLED, "the piece is being written by somebody else");
      }
      return;
    }
    long askedAt = workshop.now();
    Event result;
    try (PieceEditor editor = free.get()) {
      BlockSet wanted = fetch.blocks().orElseGet(() -> task.layout().blocks(fetch.piece()));
      Optional<StoredPiece> piece =
          workshop
              .surroundings
              .client()
              .fetch(
                  new ParentAddress(fetch.ip(), fetch.port(), fetch.extension()),
                  task,
                  editor,
                  wanted,
                  fetch.root(),
                  TrafficType.REMOTE_PEER,
                  fetch.parent().peer().value(),
                  workshop.surroundings.fetchLimits(),
                  download.pace().fromParents(),
                  cancellation,
                  this::arrived);
      progress.flush();
      long wait = Math.max(0, firstBytesAt - askedAt);
      result =
          piece.isPresent()
              ? new Event.FetchDone(fetch.fetch(), piece.get(), wait)
              : new Event.BlocksFetched(fetch.fetch(), fetch.piece(), wanted);
    }
    // Not before the editor let go of the piece: the next one may want it at once.
    download.post(result);
  }

  /** The one before may take a moment to let go of the piece. */
  private Optional<PieceEditor> editor() throws InterruptedException {
    for (int attempt = 0; attempt < EDITOR_ATTEMPTS && !cancellation.isCancelled(); attempt++) {
      Optional<PieceEditor> editor = task.edit(fetch.piece());
      if (editor.isPresent() || task.hasPiece(fetch.piece())) {
        return editor;
      }
      Thread.sleep(EDITOR_PAUSE_MILLIS);
    }
    return Optional.empty();
  }

  private void fail(Reason reason, String text) {
    download.post(new Event.FetchFailed(fetch.fetch(), reason, text));
  }
}
