package io.dragonfly.daemon.download;

import io.dragonfly.common.lifecycle.Cancellation;
import io.dragonfly.common.limit.Pace;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.source.OriginException;
import io.dragonfly.daemon.source.OriginException.Kind;
import io.dragonfly.daemon.source.OriginRange;
import io.dragonfly.daemon.source.OriginRequest;
import io.dragonfly.daemon.source.OriginResponse;
import io.dragonfly.daemon.source.Validators;
import io.dragonfly.daemon.storage.CorruptPieceException;
import io.dragonfly.daemon.storage.NoSpaceException;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.StreamEditor;
import io.dragonfly.daemon.storage.TrafficType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * One request to the origin, on a virtual thread: either consecutive pieces of a known content, or
 * a look, whose answer's body waits until it is said where it goes. Tells exactly one end.
 */
final class OriginReader implements Runnable {
  private static final int BUFFER = 256 * 1024;

  /** Where a look's body goes. */
  sealed interface Target {
    record Pieces(Storage storage, PieceShare share) implements Target {}

    record Stream(Storage storage, long requestedPieceLength) implements Target {}
  }

  /** Where pieces are written, and the epoch of that. */
  record Storage(StoredTask task, int epoch, ParkedEditors parked) {}

  private final Workshop workshop;
  private final RunningDownload download;
  private final long read;
  private final DownloadRequest request;
  private final Optional<Run> run;
  private final long lookStart;
  private final long lookLength;
  private final Progress progress;
  private final Cancellation cancellation = new Cancellation();
  private final CompletableFuture<Target> target = new CompletableFuture<>();
  private final Pace pace;
  private long received;

  /** The piece that is being written, or -1, and how much of it is stored. */
  private int writing = -1;

  private long writingHeld;

  /** Bytes that may be read before the pace is asked again. */
  private int allowance;

  private record Run(Storage storage, ContentInfo expected, PieceShare share) {}

  private OriginReader(
      Workshop workshop,
      RunningDownload download,
      long read,
      DownloadRequest request,
      Optional<Run> run,
      long lookStart,
      long lookLength) {
    this.workshop = workshop;
    this.download = download;
    this.read = read;
    this.request = request;
    this.run = run;
    this.lookStart = lookStart;
    this.lookLength = lookLength;
    this.pace = download.pace().fromOrigin();
    this.progress =
        new Progress(
            workshop,
            bytes -> download.post(new Event.OriginBytes(read, bytes, writing, writingHeld)));
  }

  static OriginReader look(Workshop workshop, RunningDownload download, Action.LookAtOrigin look) {
    return new OriginReader(
        workshop,
        download,
        look.read(),
        look.request(),
        Optional.empty(),
        look.start(),
        look.length());
  }

  static OriginReader run(
      Workshop workshop, RunningDownload download, Storage storage, Action.ReadOrigin action) {
    PieceShare share = PieceShare.between(action.first(), action.last(), action.part());
    Run run = new Run(storage, action.expected(), share);
    return new OriginReader(
        workshop, download, action.read(), action.request(), Optional.of(run), 0, 0);
  }

  /** Tells a look where its body goes. */
  void take(Target where) {
    target.complete(where);
  }

  void stop() {
    cancellation.cancel();
    target.cancel(false);
  }

  @Override
  public void run() {
    try {
      if (!workshop.enterOrigin(cancellation)) {
        download.post(new Event.OriginEnded(read));
        return;
      }
      try {
        if (run.isPresent()) {
          readRun(run.get());
        } else {
          look();
        }
      } finally {
        workshop.leaveOrigin();
      }
    } catch (OriginException e) {
      progress.flush();
      download.post(new Event.OriginBroke(read, problem(e)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      download.post(new Event.OriginEnded(read));
    } catch (RuntimeException e) {
      download.post(
          new Event.OriginBroke(
              read,
              new OriginProblem(Kind.IO, OptionalInt.empty(), Map.of(), Messages.of(e), true)));
    }
  }

  private static OriginProblem problem(OriginException e) {
    return new OriginProblem(e.kind(), e.status(), e.headers(), Messages.of(e), e.retryable());
  }

  private void readRun(Run run) throws OriginException {
    PieceLayout layout = run.expected.layout();
    long start = run.share.start(layout);
    if (run.share.parts().isEmpty()) {
      start += held(run, run.share.first());
    }
    long end = run.share.end(layout);
    if (start >= end) {
      // Only the commit is missing: any byte will do to ask whether the version is the same.
      start = end - 1;
    }
    Validators expected = Validators.of(run.expected.headers(), run.expected.length());
    OriginRequest ask = request(OriginRange.between(start, end)).withExpected(expected);
    try (OriginResponse response = workshop.surroundings.sources().open(ask)) {
      workshop.rights.accepted(request);
      readPieces(response, run.storage, layout, run.share);
    }
  }

  /** How much of a piece is here from before. */
  private static long held(Run run, int piece) {
    Optional<PieceEditor> editor = run.storage.parked.take(run.storage.task, piece);
    editor.ifPresent(run.storage.parked::park);
    return editor.map(PieceEditor::position).orElse(0L);
  }

  private OriginRequest request(OriginRange range) {
    return OriginRequest.of(request.url())
        .withHeaders(request.requestHeaders())
        .withRange(range)
        .withCertificateChain(request.certificateChain())
        .withCancellation(cancellation);
  }

  private void look() throws OriginException, InterruptedException {
    OriginRange range =
        lookLength == 0
            ? OriginRange.whole()
            : OriginRange.between(lookStart, lookStart + lookLength);
    try (OriginResponse response = workshop.surroundings.sources().open(request(range))) {
      workshop.rights.accepted(request);
      download.post(
          new Event.OriginHead(
              read,
              response.contentLength(),
              response.version(),
              response.headers(),
              response.ranged() && lookLength > 0));
      switch (target.get()) {
        case Target.Pieces(Storage storage, PieceShare share) ->
            readPieces(response, storage, storage.task.layout(), share);
        case Target.Stream(Storage storage, long pieceLength) ->
            readStream(response, storage, pieceLength);
      }
    } catch (ExecutionException | CancellationException e) {
      download.post(new Event.OriginEnded(read));
    }
  }

  /** Reads the body from where it begins, into those of its pieces that are wanted. */
  private void readPieces(
      OriginResponse response, Storage storage, PieceLayout layout, PieceShare share)
      throws OriginException {
    BitSet pieces = share.pieces();
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    long position = response.start();
    try {
      for (int piece = pieces.nextSetBit(0);
          piece >= 0 && !cancellation.isCancelled();
          piece = pieces.nextSetBit(piece + 1)) {
        if (layout.offset(piece) + layout.length(piece) <= position) {
          continue;
        }
        position = readPiece(response, storage, layout, piece, share, position, buffer);
        if (position < 0) {
          break;
        }
      }
      progress.flush();
      end();
    } catch (NoSpaceException e) {
      download.post(new Event.StorageFailed(storage.epoch, true, Messages.of(e)));
      download.post(new Event.OriginEnded(read));
    } catch (OriginException e) {
      throw e;
    } catch (CorruptPieceException e) {
      throw new OriginException(
          Kind.CHANGED, "the origin gives other bytes than other peers read there", e);
    } catch (IOException e) {
      download.post(new Event.StorageFailed(storage.epoch, false, Messages.of(e)));
      download.post(new Event.OriginEnded(read));
    }
  }

  /** A body that brought nothing is a failure: else it would be asked for again and again. */
  private void end() throws OriginException {
    if (received == 0 && !cancellation.isCancelled()) {
      throw new OriginException(Kind.TRUNCATED, "the origin's answer had no usable bytes", null);
    }
    download.post(new Event.OriginEnded(read));
  }

  /** Returns the position in the content after it, or -1 at the end of the body. */
  private long readPiece(
      OriginResponse response,
      Storage storage,
      PieceLayout layout,
      int piece,
      PieceShare share,
      long from,
      ByteBuffer buffer)
      throws IOException {
    Optional<PieceEditor> free = storage.parked.take(storage.task, piece);
    if (free.isEmpty()) {
      return from; // somebody else writes it, or has written it
    }
    PieceEditor editor = free.get();
    editor.lend();
    long begin = workshop.now();
    Optional<BlockSet> part = share.part(piece);
    boolean finished = part.isPresent(); // Whole blocks of it are kept without being parked.
    try {
      part.ifPresent(wantedBlocks -> editor.moveTo(wantedBlocks.first()));
      BlockSet blocks = share.blocks(layout, piece);
      long end = share.endIn(layout, piece);
      long position = from;
      long wanted = layout.offset(piece) + editor.position();
      if (wanted < position) {
        return from; // the body begins behind what is missing
      }
      while (!editor.missingBlocks().and(blocks).isEmpty()) {
        buffer.clear();
        long gap = layout.offset(piece) + editor.position() - position;
        long most = gap > 0 ? gap : Math.min(editor.missing(), end - editor.position());
        int count = read(response, buffer, (int) Math.min(BUFFER, most));
        if (count < 0 || cancellation.isCancelled()) {
          part.ifPresent(wantedBlocks -> brought(editor, piece, wantedBlocks));
          return -1;
        }
        position += count;
        received += count;
        if (gap == 0) {
          editor.write(buffer.flip());
          writing = piece;
          writingHeld = editor.position();
        }
        progress.add(count);
      }
      if (!editor.missingBlocks().isEmpty()) {
        received = Math.max(received, 1);
        brought(editor, piece, blocks);
        return position;
      }
      StoredPiece stored =
          editor.commit(
              Optional.empty(),
              Optional.empty(),
              TrafficType.BACK_TO_SOURCE,
              "",
              Duration.ofNanos(workshop.now() - begin));
      finished = true;
      received = Math.max(received, 1);
      progress.flush();
      writing = -1;
      download.post(new Event.OriginPiece(read, stored));
      return position;
    } catch (OriginException e) {
      // The next read goes on behind what came.
      part.ifPresent(wantedBlocks -> brought(editor, piece, wantedBlocks));
      throw e;
    } finally {
      if (finished) {
        editor.close();
      } else {
        storage.parked.park(editor);
      }
    }
  }

  /** Blocks are stored of a piece that is not whole, perhaps fewer than were wanted. */
  private void brought(PieceEditor editor, int piece, BlockSet wanted) {
    BlockSet stored = wanted.without(editor.missingBlocks());
    progress.flush();
    writing = -1;
    editor.close(); // Before anybody may ask for the rest.
    if (!stored.isEmpty()) {
      download.post(new Event.OriginBlocks(read, piece, stored));
    }
  }

  /** Reads some bytes when it is their turn; -1 at the end. */
  private int read(OriginResponse response, ByteBuffer buffer, int most) throws OriginException {
    if (allowance == 0) {
      allowance = pace.grain(most);
      workshop.pause(pace.reserve(allowance), cancellation);
    }
    int count = response.read(buffer.limit(Math.min(allowance, most)));
    allowance -= Math.max(count, 0);
    return count;
  }

  /** Content whose length shows only at its end: stored whole, then divided. */
  private void readStream(OriginResponse response, Storage storage, long requestedPieceLength)
      throws OriginException {
    Optional<StreamEditor> free = storage.task.stream();
    if (free.isEmpty()) {
      throw new OriginException(Kind.IO, "the content is being written by somebody else", null);
    }
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    try (StreamEditor editor = free.get()) {
      while (true) {
        int count = read(response, buffer.clear(), BUFFER);
        if (cancellation.isCancelled()) {
          download.post(new Event.OriginEnded(read));
          return;
        }
        if (count < 0) {
          break;
        }
        editor.append(buffer.flip());
        progress.add(count);
      }
      progress.flush();
      ContentInfo content = content(response, editor.length(), requestedPieceLength);
      editor.complete(content);
      download.post(new Event.OriginStored(read, content, pieces(storage.task)));
    } catch (NoSpaceException e) {
      download.post(new Event.StorageFailed(storage.epoch, true, Messages.of(e)));
      download.post(new Event.OriginEnded(read));
    } catch (OriginException e) {
      throw e;
    } catch (IOException e) {
      download.post(new Event.StorageFailed(storage.epoch, false, Messages.of(e)));
      download.post(new Event.OriginEnded(read));
    }
  }

  private static ContentInfo content(
      OriginResponse response, long length, long requestedPieceLength) {
    long pieceLength =
        requestedPieceLength > 0 ? requestedPieceLength : PieceLayout.automaticPieceLength(length);
    String version = Validators.of(response.headers(), OptionalLong.of(length)).version();
    return ContentInfo.of(length, pieceLength, version, response.headers());
  }

  private static List<StoredPiece> pieces(StoredTask task) {
    List<StoredPiece> pieces = new ArrayList<>();
    for (int piece = 0; piece < task.layout().pieceCount(); piece++) {
      task.piece(piece).ifPresent(pieces::add);
    }
    return pieces;
  }
}
