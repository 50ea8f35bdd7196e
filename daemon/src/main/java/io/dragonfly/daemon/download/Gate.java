package io.dragonfly.daemon.download;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.storage.Pin;
import io.dragonfly.daemon.storage.StoredPiece;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands between a download and a caller: of content that was read with credentials, whoever they
 * belong to, the caller hears nothing before the origin accepted its own. The download goes on
 * meanwhile. Safe for many threads; the caller is told one thing at a time, in order.
 */
final class Gate implements DownloadListener {
  private static final Logger log = LoggerFactory.getLogger(Gate.class);

  private enum State {
    OPEN,
    ASKING,
    SHUT
  }

  private final DownloadRequest request;
  private final DownloadListener caller;
  private final Rights rights;
  private final Executor threads;
  private final Consumer<DownloadException> refused;

  @GuardedBy("this")
  private State state = State.OPEN;

  /** What the caller hears when the gate opens: an event for each piece at the most. */
  @GuardedBy("this")
  private final List<Runnable> heldBack = new ArrayList<>();

  @GuardedBy("this")
  private Optional<ByteCounts> progress = Optional.empty();

  /** The end is among what was told, or is held back. */
  @GuardedBy("this")
  private boolean over;

  /** Keeps what the caller will hear of, should the download be over by then. */
  @GuardedBy("this")
  private Optional<Pin> pin = Optional.empty();

  /**
   * @param threads for waiting for the origin
   * @param refused is to end the caller's download
   */
  Gate(
      DownloadRequest request,
      DownloadListener caller,
      Rights rights,
      Executor threads,
      Consumer<DownloadException> refused) {
    this.request = request;
    this.caller = caller;
    this.rights = rights;
    this.threads = threads;
    this.refused = refused;
  }

  @Override
  public boolean takesBlocks() {
    return caller.takesBlocks();
  }

  @Override
  public synchronized void started(Started started) {
    String guard = started.content().guard();
    if (state != State.SHUT && !guard.isEmpty() && !guard.equals(request.place())) {
      refuse(elsewhere());
      return;
    }
    if (state == State.OPEN && !guard.isEmpty() && !rights.areFresh(request)) {
      state = State.ASKING;
      pin = started.task().tryPin();
      try {
        threads.execute(() -> ask(started.content()));
      } catch (RejectedExecutionException e) {
        log.debug("event=gate_after_close task={}", request.taskId(), e);
      }
    }
    pass(() -> caller.started(started));
  }

  /** What the caller's own URL says of its rights is nothing about this content. */
  private DownloadException elsewhere() {
    return new DownloadException(
        Code.ORIGIN_REFUSED,
        "Cannot give "
            + request.urlForDisplay()
            + ": this task was read with credentials at another URL. Ask for that one, or let the"
            + " task have another id.");
  }

  private void ask(ContentInfo content) {
    Optional<DownloadException> refusal = rights.refusal(request, content);
    try {
      refusal.ifPresentOrElse(this::refuse, this::open);
    } catch (RuntimeException e) {
      log.warn("event=listener_failed task={}", request.taskId(), e);
      refuse(
          new DownloadException(
              Code.INTERNAL,
              "The receiver of " + request.urlForDisplay() + " failed: " + Messages.of(e)));
    }
  }

  private void refuse(DownloadException failure) {
    synchronized (this) {
      if (state == State.SHUT) {
        return;
      }
      shut();
      caller.failed(failure);
    }
    refused.accept(failure);
  }

  @GuardedBy("this")
  private void shut() {
    state = State.SHUT;
    heldBack.clear();
    pin.ifPresent(Pin::close);
    pin = Optional.empty();
  }

  private synchronized void open() {
    if (state != State.ASKING) {
      return;
    }
    state = State.OPEN;
    List<Runnable> events = List.copyOf(heldBack);
    heldBack.clear();
    events.forEach(Runnable::run);
    if (!over) {
      progress.ifPresent(caller::progress);
    }
    progress = Optional.empty();
    pin.ifPresent(Pin::close);
    pin = Optional.empty();
  }

  @GuardedBy("this")
  private void pass(Runnable event) {
    switch (state) {
      case OPEN -> event.run();
      case ASKING -> heldBack.add(event);
      case SHUT -> {
        // Its failure is on the way.
      }
    }
  }

  @Override
  public synchronized void pieceFinished(StoredPiece piece, ByteSource source) {
    pass(() -> caller.pieceFinished(piece, source));
  }

  @Override
  public synchronized void partFinished(int piece, ByteSource source) {
    pass(() -> caller.partFinished(piece, source));
  }

  @Override
  public synchronized void progress(ByteCounts bytes) {
    if (state == State.ASKING) {
      progress = Optional.of(bytes);
    } else {
      pass(() -> caller.progress(bytes));
    }
  }

  @Override
  public synchronized void finished(DownloadSummary summary) {
    over = true;
    pass(() -> caller.finished(summary));
  }

  @Override
  public synchronized void failed(DownloadException failure) {
    if (state != State.SHUT) {
      shut();
      caller.failed(failure);
    }
  }
}
