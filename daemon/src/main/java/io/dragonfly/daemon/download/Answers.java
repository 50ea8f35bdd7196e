package io.dragonfly.daemon.download;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.InvalidRangeException;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.download.Waiters.Waiter;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What the callers are told: started, pieces, progress, and one of finished and failed, each at its
 * own time. A caller that asked for something wrong fails alone.
 */
final class Answers {
  private final DownloadOptions options;
  private final Waiters waiters;
  private final TaskContent content;
  private final Map<Digest, Optional<Digest>> digests = new HashMap<>();
  private boolean arrivedSinceShown;
  private long showAt;

  Answers(DownloadOptions options, Waiters waiters, TaskContent content) {
    this.options = options;
    this.waiters = waiters;
    this.content = content;
  }

  /** Tells everybody who has not heard it what the content is. */
  void beginAll(List<Action> out) {
    for (Waiter waiter : waiters.all()) {
      if (!waiter.started) {
        begin(waiter, out);
      }
    }
  }

  /** The content is another: everybody begins anew. */
  void startOver() {
    digests.clear();
    for (Waiter waiter : waiters.all()) {
      waiter.started = false;
      waiter.checking = false;
      waiter.reading = -1;
    }
  }

  private void begin(Waiter waiter, List<Action> out) {
    if (!content.isOpen() || !content.hasLayout()) {
      return;
    }
    PieceLayout layout = content.layout();
    try {
      waiter.begin(layout);
    } catch (InvalidRangeException e) {
      fail(waiter, rangeFailure(waiter, e), out);
      return;
    }
    int first = waiter.firstPiece();
    int end = waiter.lastPiece() + 1;
    out.add(new Action.Started(waiter.id, content.epoch(), waiter.range(), cached(waiter)));
    for (int piece = content.held().nextSetBit(first);
        piece >= 0 && piece < end;
        piece = content.held().nextSetBit(piece + 1)) {
      arrived(waiter, piece, ByteSource.CACHE, out);
    }
    partDone(waiter, first, ByteSource.CACHE, out);
    partDone(waiter, end - 1, ByteSource.CACHE, out);
  }

  /** Bytes of what is wanted that are here: all, or those of whole pieces. */
  private long cached(Waiter waiter) {
    if (isHeld(waiter)) {
      return waiter.range().map(ByteRange::length).orElse(0L);
    }
    long cached = 0;
    for (int piece = content.held().nextSetBit(waiter.firstPiece());
        piece >= 0 && piece <= waiter.lastPiece();
        piece = content.held().nextSetBit(piece + 1)) {
      cached += waiter.share(content.layout(), piece);
    }
    return cached;
  }

  private boolean isHeld(Waiter waiter) {
    int end = waiter.lastPiece() + 1;
    int piece = content.held().nextClearBit(waiter.firstPiece());
    while (piece < end && content.holds(piece, waiter.blocks(content.layout(), piece))) {
      piece = content.held().nextClearBit(piece + 1);
    }
    return piece >= end;
  }

  private DownloadException rangeFailure(Waiter waiter, InvalidRangeException cause) {
    String text =
        "Cannot give a part of "
            + waiter.request.urlForDisplay()
            + ", which has "
            + content.length()
            + " bytes: "
            + cause.getMessage();
    return new DownloadException(
        cause.isUnsatisfiable() ? Code.RANGE_NOT_SATISFIABLE : Code.INVALID_REQUEST, text);
  }

  /** A piece was stored. */
  void pieceDone(int piece, ByteSource source, List<Action> out) {
    for (Waiter waiter : waiters.all()) {
      if (waiter.awaits(piece)) {
        arrived(waiter, piece, source, out);
      }
    }
  }

  /** Blocks of a piece were stored. */
  void blocksDone(int piece, ByteSource source, List<Action> out) {
    waiters.all().forEach(waiter -> partDone(waiter, piece, source, out));
  }

  /** It has what it wants of the piece, perhaps, though the piece is not whole. */
  private void partDone(Waiter waiter, int piece, ByteSource source, List<Action> out) {
    if (waiter.awaits(piece)
        && !content.holds(piece)
        && content.holds(piece, waiter.blocks(content.layout(), piece))) {
      waiter.arrived(content.layout(), piece, source, /* whole= */ false);
      arrivedSinceShown = true;
      out.add(new Action.PartHeld(waiter.id, content.epoch(), piece, source));
    }
  }

  private void arrived(Waiter waiter, int piece, ByteSource source, List<Action> out) {
    waiter.arrived(content.layout(), piece, source, /* whole= */ true);
    arrivedSinceShown = true;
    out.add(new Action.PieceHeld(waiter.id, content.epoch(), piece, source));
  }

  /** Bytes of pieces that are under way arrived. */
  void bytesArrived() {
    arrivedSinceShown = true;
  }

  /** Shows progress, not too often; what is under way counts while it is. */
  void showProgress(Fetches fetches, OriginPlan origin, long now, List<Action> out) {
    if (!arrivedSinceShown || now < showAt) {
      return;
    }
    arrivedSinceShown = false;
    showAt = now + options.progressEvery().toNanos();
    for (Waiter waiter : waiters.all()) {
      ByteCounts counts =
          content.hasLayout()
              ? withUnderWay(waiter, fetches, origin)
              : waiter.arrived.plus(ByteSource.ORIGIN, origin.bytes());
      if (counts.total() > waiter.shown.total()) {
        waiter.shown = counts;
        out.add(new Action.Progress(waiter.id, counts));
      }
    }
  }

  private ByteCounts withUnderWay(Waiter waiter, Fetches fetches, OriginPlan origin) {
    ByteCounts counts = waiter.arrived;
    for (Fetch fetch : fetches.running()) {
      if (isAwaited(waiter, fetch.piece) && !fetch.aborted) {
        long share = waiter.share(content.layout(), fetch.piece);
        counts = counts.plus(fetch.parent.source(), Math.min(share, fetch.bytes));
      }
    }
    for (OriginPlan.Read read : origin.reads()) {
      if (read.writing >= 0 && isAwaited(waiter, read.writing)) {
        long share = waiter.share(content.layout(), read.writing);
        counts = counts.plus(ByteSource.ORIGIN, Math.min(share, read.held));
      }
    }
    return counts;
  }

  /** What is held was counted when it arrived. */
  private boolean isAwaited(Waiter waiter, int piece) {
    return waiter.awaits(piece) && !content.held().get(piece);
  }

  /** Answers those who have everything; a digest that was given is compared first. */
  void finishComplete(long now, List<Action> out) {
    for (Waiter waiter : waiters.all()) {
      if (!waiter.isComplete()) {
        continue;
      }
      Optional<Digest> expected = waiter.request.digest().filter(digest -> isWhole(waiter));
      if (expected.isEmpty()) {
        finish(waiter, now, out);
      } else if (!digests.containsKey(expected.get())) {
        askForDigest(waiter, expected.get(), out);
      } else {
        compare(waiter, expected.get(), now, out);
      }
    }
  }

  private static boolean isWhole(Waiter waiter) {
    return waiter.request.rangeHeader().isEmpty();
  }

  private void askForDigest(Waiter waiter, Digest expected, List<Action> out) {
    boolean asked =
        waiters.all().stream()
            .anyMatch(
                other -> other.checking && other.request.digest().equals(Optional.of(expected)));
    waiter.checking = true;
    if (!asked) {
      out.add(new Action.CheckDigest(content.epoch(), expected));
    }
  }

  void digestComputed(Digest expected, Optional<Digest> actual) {
    digests.put(expected, actual);
  }

  private void compare(Waiter waiter, Digest expected, long now, List<Action> out) {
    Optional<Digest> actual = digests.get(expected);
    if (actual == null || actual.isEmpty()) {
      fail(
          waiter,
          new DownloadException(
              Code.STORAGE_FAILED,
              "Cannot read the stored content of "
                  + waiter.request.urlForDisplay()
                  + " to compare its digest: see the daemon's log."),
          out);
    } else if (actual.get().equals(expected)) {
      finish(waiter, now, out);
    } else {
      out.add(new Action.DropTask(content.epoch()));
      fail(
          waiter,
          new DownloadException(
              Code.DIGEST_MISMATCH,
              "The content of "
                  + waiter.request.urlForDisplay()
                  + " has the digest "
                  + actual.get()
                  + ", not "
                  + expected
                  + ": either the digest that was asked for is wrong or the origin gives other"
                  + " content. It was removed from this host's cache."),
          out);
    }
  }

  private void finish(Waiter waiter, long now, List<Action> out) {
    waiters.remove(waiter);
    out.add(
        new Action.Finished(
            waiter.id, new DownloadSummary(waiter.arrived, Duration.ofNanos(now - waiter.since))));
  }

  void fail(Waiter waiter, DownloadException failure, List<Action> out) {
    waiters.remove(waiter);
    out.add(new Action.Failed(waiter.id, failure));
  }

  void failAll(DownloadException failure, List<Action> out) {
    failThose(_ -> true, _ -> failure, out);
  }

  void failThose(
      Predicate<Waiter> which, Function<Waiter, DownloadException> failure, List<Action> out) {
    waiters.all().stream()
        .filter(which)
        .forEach(waiter -> fail(waiter, failure.apply(waiter), out));
  }

  /** Those whose time is over fail. */
  void expire(long now, List<Action> out) {
    failThose(waiter -> now >= waiter.deadline(), this::timedOut, out);
  }

  private DownloadException timedOut(Waiter waiter) {
    String had =
        waiter.started && content.hasLayout()
            ? waiter.arrived.total() + " of " + content.length() + " bytes had arrived"
            : "nothing had arrived";
    return new DownloadException(
        Code.TIMED_OUT,
        "The download of "
            + waiter.request.urlForDisplay()
            + " took longer than the "
            + waiter.request.timeout().orElse(Duration.ZERO).toMillis()
            + " ms allowed; "
            + had
            + " and stay in the cache: allow more time, or try again to go on from there.");
  }

  long wakeAt() {
    long wake = arrivedSinceShown ? showAt : Long.MAX_VALUE;
    for (Waiter waiter : waiters.all()) {
      wake = Math.min(wake, waiter.deadline());
    }
    return wake;
  }
}
