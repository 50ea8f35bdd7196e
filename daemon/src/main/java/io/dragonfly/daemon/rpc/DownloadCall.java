package io.dragonfly.daemon.rpc;

import com.google.protobuf.UnsafeByteOperations;
import io.dragonfly.api.common.v2.Piece;
import io.dragonfly.api.common.v2.Range;
import io.dragonfly.api.dfdaemon.v2.DownloadPieceFinishedResponse;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskResponse;
import io.dragonfly.api.dfdaemon.v2.DownloadTaskStartedResponse;
import io.dragonfly.common.id.HostId;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.download.Download;
import io.dragonfly.daemon.download.DownloadCount;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadListener.Started;
import io.dragonfly.daemon.download.Downloads;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.output.DownloadFeed;
import io.dragonfly.daemon.output.FileDelivery;
import io.dragonfly.daemon.output.OutputException;
import io.dragonfly.daemon.output.OutputFile;
import io.dragonfly.daemon.storage.PieceView;
import io.dragonfly.daemon.storage.Pin;
import io.dragonfly.daemon.storage.StoredTask;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One DownloadTask call: the download's events become answers, written by one virtual thread that
 * waits whenever the caller is slow. The end of the call, by whichever side, ends the download.
 *
 * <p>Content inside answers is charged to the daemon's {@link MemoryLimit} until the caller has
 * taken it; a call has one piece under way at a time.
 */
final class DownloadCall {
  private static final Logger logger = LoggerFactory.getLogger(DownloadCall.class);

  private final HostId host;
  private final MemoryLimit memory;
  private final DaemonCounters counters;
  private final Duration stall;
  private final ServerCallStreamObserver<DownloadTaskResponse> answers;
  private final DownloadFeed feed;
  // Told by the transport whenever the caller may be ready for more.
  private final Semaphore readiness = new Semaphore(0);
  private final boolean withContent;
  private volatile boolean cancelled;

  // Of the writing thread; the end of the call cancels the delivery.
  private volatile @Nullable FileDelivery delivery;
  private @Nullable Pin pin;
  private @Nullable StoredTask task;
  private boolean sentContent;
  private MemoryLimit.@Nullable Share underWay;

  /**
   * Must be made on the thread that received the call, which sets the call's handlers.
   *
   * @param stall a caller that takes nothing for this long is given up
   * @param withContent whether the bytes of pieces are sent
   * @param withFile whether the caller named a file for them
   */
  DownloadCall(
      HostId host,
      MemoryLimit memory,
      DaemonCounters counters,
      Duration stall,
      boolean withContent,
      boolean withFile,
      ServerCallStreamObserver<DownloadTaskResponse> answers) {
    this.host = host;
    this.memory = memory;
    this.counters = counters;
    this.stall = stall;
    this.withContent = withContent;
    this.feed = new DownloadFeed(withContent || withFile);
    this.answers = answers;
    answers.setOnReadyHandler(readiness::release);
    answers.setOnCancelHandler(() -> {
      cancelled = true;
      feed.leave();
      FileDelivery file = delivery;
      if (file != null) {
        file.cancel();
      }
      readiness.release();
    });
  }

  /** Opens the file a caller named, if it named one. */
  interface FileOpening {
    Optional<OutputFile> open() throws OutputException;
  }

  /** Runs the call on a thread of its own, which is waited for when the daemon stops. */
  void run(
      ExecutorService threads, Downloads downloads, DownloadRequest request, FileOpening file) {
    threads.execute(() -> {
      try {
        file.open().ifPresent(f -> delivery = new FileDelivery(f));
        serve(downloads, request);
        answers.onCompleted();
      } catch (StatusException e) {
        fail(e);
      } catch (OutputException e) {
        fail(Statuses.of(e).asException());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        fail(Status.CANCELLED.withDescription("the daemon stops").asException());
      } catch (RuntimeException e) {
        if (!cancelled) {
          logger.error("event=download_call_failed task={}", request.taskId().value(), e);
          fail(Status.INTERNAL.withDescription("The daemon failed: see its log").asException());
        }
      } finally {
        release();
      }
    });
  }

  private void fail(StatusException e) {
    if (!cancelled) {
      answers.onError(e);
    }
  }

  private void serve(Downloads downloads, DownloadRequest request)
      throws StatusException, InterruptedException, OutputException {
    Download download;
    try {
      download = downloads.start(request, feed);
    } catch (DownloadException e) {
      throw Statuses.exception(e);
    }
    DownloadCount running = counters.downloadStarted(request);
    boolean done = false;
    try {
      while (!answer(download, running)) {
        // The next event.
      }
      done = true;
    } catch (IOException e) {
      throw Status.INTERNAL
          .withDescription(
              "Can't read a piece of " + request.taskId().value() + ": " + e.getMessage())
          .asException();
    } finally {
      download.cancel();
      if (!done) {
        running.failed();
      }
    }
  }

  /** Answers one event; whether it was the last. */
  private boolean answer(Download download, DownloadCount running)
      throws StatusException, InterruptedException, OutputException, IOException {
    switch (feed.next()) {
      case DownloadFeed.Event.Began began -> started(download, began.started());
      case DownloadFeed.Event.Piece piece -> {
        FileDelivery file = delivery;
        if (file != null) {
          file.add(piece.piece().number());
        }
        Piece.Builder message = PieceMessages.piece(piece.piece());
        message.setTrafficType(PieceMessages.trafficType(piece.source()));
        piece(download, message);
      }
      case DownloadFeed.Event.Progress _, DownloadFeed.Event.Part _ -> {
        // Upstream's protocol counts whole pieces.
      }
      case DownloadFeed.Event.Failed failed -> throw Statuses.exception(failed.failure());
      case DownloadFeed.Event.Gone _ ->
          throw Status.CANCELLED.withDescription("the caller went away").asException();
      case DownloadFeed.Event.Done done -> {
        FileDelivery file = delivery;
        if (file != null) {
          file.finish();
        }
        running.finished(done.summary());
        return true;
      }
    }
    return false;
  }

  private void started(Download download, Started started)
      throws StatusException, InterruptedException, OutputException {
    if (sentContent) {
      throw Status.ABORTED
          .withDescription(
              "The content of "
                  + download.taskId().value()
                  + " changed at its origin while it was sent: ask again")
          .asException();
    }
    Optional<Pin> held = started.task().tryPin();
    if (held.isEmpty()) {
      feed.contentGone();
      return;
    }
    releasePin();
    task = started.task();
    pin = held.get();
    FileDelivery file = delivery;
    if (file != null) {
      file.begin(started.task(), started.wanted());
    }
    DownloadTaskStartedResponse.Builder message =
        DownloadTaskStartedResponse.newBuilder()
            .setContentLength(started.content().length().orElse(0))
            .putAllResponseHeader(started.content().headers())
            .setIsFinished(started.fromCache());
    if (started.wanted().isPresent()) {
      ByteRange wanted = started.wanted().get();
      PieceLayout layout = started.task().layout();
      requireMemory(Math.min(layout.pieceLength(), layout.contentLength()));
      if (wanted.length() != layout.contentLength()) {
        message.setRange(Range.newBuilder().setStart(wanted.start()).setLength(wanted.length()));
      }
      for (int n = layout.firstPiece(wanted); n <= layout.lastPiece(wanted); n++) {
        message.addPieces(
            Piece.newBuilder()
                .setNumber(n)
                .setOffset(layout.offset(n))
                .setLength(layout.length(n)));
      }
    }
    send(download, DownloadTaskResponse.newBuilder().setDownloadTaskStartedResponse(message));
  }

  /** An answer holds a whole piece, and a piece is as long as whoever asked first wanted it. */
  private void requireMemory(long pieceLength) throws StatusException {
    if (withContent && !memory.isPossible(pieceLength)) {
      throw Status.RESOURCE_EXHAUSTED
          .withDescription(
              "The pieces of this task are "
                  + pieceLength
                  + " bytes long and too large for answers: ask for a file, for shorter pieces, or"
                  + " raise download.contentMemory")
          .asException();
    }
  }

  private void piece(Download download, Piece.Builder message)
      throws StatusException, InterruptedException, IOException {
    MemoryLimit.Share share = null;
    if (withContent && task != null) {
      // Ready means that the piece before has left for the caller. Its memory is given back before
      // more is taken: calls that each hold one piece and wait for a second would wait for ever.
      awaitReady();
      releaseUnderWay();
      share = memory.take(message.getLength());
      sentContent = true;
      try (PieceView view = task.view(message.getNumber())) {
        message.setContent(UnsafeByteOperations.unsafeWrap(content(view)));
      } catch (IOException | RuntimeException e) {
        share.close();
        throw e;
      }
    }
    underWay = share;
    send(
        download,
        DownloadTaskResponse.newBuilder()
            .setDownloadPieceFinishedResponse(
                DownloadPieceFinishedResponse.newBuilder().setPiece(message)));
  }

  private static ByteBuffer content(PieceView view) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(Math.toIntExact(view.length()));
    while (content.hasRemaining()) {
      if (view.read(content.position(), content) < 0) {
        throw new IOException("the piece is shorter than it was");
      }
    }
    return content.flip();
  }

  private void send(Download download, DownloadTaskResponse.Builder message)
      throws StatusException, InterruptedException {
    awaitReady();
    answers.onNext(
        message
            .setHostId(host.value())
            .setTaskId(download.taskId().value())
            .setPeerId(download.peerId().value())
            .build());
  }

  private void awaitReady() throws StatusException, InterruptedException {
    while (!answers.isReady()) {
      if (cancelled) {
        throw Status.CANCELLED.withDescription("the caller went away").asException();
      }
      if (!readiness.tryAcquire(stall.toNanos(), TimeUnit.NANOSECONDS)) {
        throw Status.DEADLINE_EXCEEDED
            .withDescription(
                "The caller has taken nothing for "
                    + stall.toSeconds()
                    + " s (download.pieceTimeout), so the download was given up")
            .asException();
      }
      readiness.drainPermits();
    }
  }

  private void releaseUnderWay() {
    if (underWay != null) {
      underWay.close();
      underWay = null;
    }
  }

  private void releasePin() {
    if (pin != null) {
      pin.close();
      pin = null;
    }
  }

  private void release() {
    releasePin();
    releaseUnderWay();
    FileDelivery file = delivery;
    if (file != null) {
      try {
        file.close();
      } catch (IOException e) {
        logger.warn("event=output_cleanup_failed reason={}", e.getMessage());
      }
    }
  }
}
