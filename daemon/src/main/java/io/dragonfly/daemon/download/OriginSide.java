package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.download.OriginPlan.Permission;
import io.dragonfly.daemon.download.OriginPlan.Read;
import io.dragonfly.daemon.download.Waiters.Waiter;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.source.OriginException.Kind;
import io.dragonfly.daemon.storage.StoredPiece;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Predicate;

/** What comes from the origin, and what follows when it fails. */
final class OriginSide {
  private final Parts parts;
  private final Versions versions;

  OriginSide(Parts parts, Versions versions) {
    this.parts = parts;
    this.versions = versions;
  }

  /** The origin said what the content is; the body of its answer waits. */
  void head(Event.OriginHead head, long now, List<Action> out) {
    Optional<Read> found = parts.origin.find(head.read());
    if (found.isEmpty()) {
      out.add(new Action.StopRead(head.read()));
      return;
    }
    Read read = found.get();
    parts.progressAt = now;
    ContentInfo info;
    try {
      info = info(head, read.request);
    } catch (IllegalArgumentException e) {
      parts.answers.failThose(
          _ -> true,
          waiter ->
              new DownloadException(
                  Code.INVALID_REQUEST,
                  "Cannot divide the content of "
                      + waiter.request.urlForDisplay()
                      + " into pieces: "
                      + e.getMessage()
                      + ". Ask for another piece length."),
          out);
      return;
    }
    parts.origin.answered(read, head.ranged());
    if (parts.origin.permission() == Permission.LOOK) {
      lookedForUpstream(read, info, out);
    }
    // Of content without a length nothing is kept but the whole: each attempt begins anew.
    if (!parts.content.isOpen() || !parts.content.isSameVersion(info) || info.length().isEmpty()) {
      versions.begin(info, parts.origin.find(read.id), now, out);
      if (parts.link.isOurs() && info.length().isPresent()) {
        parts.link.report(new PeerReport.ContentLearned(info), out);
      }
    }
  }

  private ContentInfo info(Event.OriginHead head, DownloadRequest request) {
    OptionalLong length = head.length();
    Optional<ContentInfo> known = parts.content.info();
    long pieceLength;
    if (known.isPresent() && known.get().length().equals(length) && length.isPresent()) {
      pieceLength = known.get().pieceLength();
    } else {
      pieceLength =
          request
              .pieceLength()
              .orElse(
                  length.isPresent() ? PieceLayout.automaticPieceLength(length.getAsLong()) : 0);
    }
    return new ContentInfo(length, pieceLength, head.version(), head.headers(), request.guard());
  }

  /** A Go scheduler has to know the length, or is left alone. */
  private void lookedForUpstream(Read read, ContentInfo info, List<Action> out) {
    boolean mayRead = parts.waiters.originRequest().isPresent();
    boolean large =
        info.length().isPresent() && info.length().getAsLong() > parts.options.smallContent();
    if (large || !mayRead) {
      parts.origin.withdraw();
      parts.origin.stop(read, out);
      if (info.length().isEmpty()) {
        parts.answers.failThose(_ -> true, this::lengthUnknown, out);
      }
    } else {
      parts.link.skip(out);
      parts.origin.allow(Permission.OWN, new BitSet());
      if (read.ranged && info.length().isPresent() && info.length().getAsLong() > read.length) {
        parts.origin.stop(read, out);
      }
    }
  }

  private DownloadException lengthUnknown(Waiter waiter) {
    return new DownloadException(
        Code.NO_SOURCE,
        "Cannot download "
            + waiter.request.urlForDisplay()
            + " from other peers: its origin does not tell the length, which the scheduler has to"
            + " know, and reading the origin was disabled. Allow reading the origin.");
  }

  /** The storage is open: an answer that waited for it is read on. */
  void takeAnswer(Needs needs, List<Action> out) {
    Optional<Read> waiting = parts.origin.waiting();
    if (waiting.isEmpty() || !parts.content.isOpen()) {
      return;
    }
    if (!parts.content.hasLayout()) {
      parts.origin.takeStream(waiting.get(), parts.content, out);
    } else {
      parts.origin.take(waiting.get(), free(needs.pieces()), needs, parts.content, out);
    }
  }

  BitSet free(BitSet missing) {
    return parts.origin.free(missing, parts.book.available(parts.content), parts.fetches.claimed());
  }

  void bytes(Event.OriginBytes count, long now) {
    Optional<Read> read = parts.origin.find(count.read());
    if (read.isPresent()) {
      parts.progressAt = now;
      parts.origin.progress(read.get(), count, now);
      parts.answers.bytesArrived();
    }
  }

  void piece(long id, StoredPiece piece, long now, List<Action> out) {
    Optional<Read> read = parts.origin.find(id);
    if (read.isPresent()) {
      parts.origin.pieceDone(read.get(), piece.number());
      versions.pieceHeld(piece, ByteSource.ORIGIN, now, out);
    }
  }

  /** Blocks of a piece that is not whole are stored; false when nobody asked for them. */
  boolean blocks(long id, int piece) {
    Optional<Read> read = parts.origin.find(id);
    read.ifPresent(known -> parts.origin.pieceDone(known, piece));
    return read.isPresent();
  }

  void ended(long id) {
    parts.origin.find(id).ifPresent(parts.origin::ended);
  }

  /** Content of unknown length is whole. */
  void stored(long id, ContentInfo said, List<StoredPiece> pieces, long now, List<Action> out) {
    Optional<Read> read = parts.origin.find(id);
    if (read.isEmpty()) {
      return;
    }
    ContentInfo info = said.guardedBy(read.get().request.guard());
    parts.origin.ended(read.get());
    parts.content.stored(info);
    parts.answers.beginAll(out);
    if (parts.link.isOurs()) {
      parts.link.report(new PeerReport.ContentLearned(info), out);
    }
    pieces.forEach(piece -> versions.pieceHeld(piece, ByteSource.ORIGIN, now, out));
  }

  void broke(long id, OriginProblem problem, long now, List<Action> out) {
    Optional<Read> read = parts.origin.find(id);
    if (read.isEmpty()) {
      return;
    }
    parts.origin.broke(read.get(), problem, now);
    if (parts.content.isOpen() && !parts.content.hasLayout()) {
      parts.content.forget();
    }
    if (parts.origin.failure().isPresent()) {
      parts.link.report(originFailed(read.get(), problem), out);
      boolean refused = problem.kind() == Kind.REFUSED;
      if (refused || !parts.link.isJoined() || !peersMayHelp()) {
        giveUp(Optional.of(read.get().request), problem, now, out);
        if (parts.waiters.isEmpty() && problem.isOfLength() && !read.get().ranged) {
          // Read whole again and again, and never as long as it claims: no piece is of any use.
          out.add(new Action.DropTask(parts.content.epoch()));
        }
      }
    }
  }

  /**
   * The origin's own answer counts for all who ask with the headers that the scheduler was told. To
   * a request with others it said nothing about those.
   */
  private PeerReport.OriginFailed originFailed(Read read, OriginProblem problem) {
    return isSame(read.request, parts.link.registered())
        ? PeerReport.OriginFailed.found(problem.status(), problem.headers(), problem.message())
        : PeerReport.OriginFailed.untried(problem.message());
  }

  /** Parents give, or may give, what the origin does not. */
  private boolean peersMayHelp() {
    BitSet available = parts.book.available(parts.content);
    available.andNot(parts.content.held());
    return !parts.fetches.isEmpty() || !available.isEmpty();
  }

  /**
   * The origin refused whoever read it for all, and would refuse this host, too; or several hosts
   * found that it can't be read.
   */
  void refusedOthers(
      Optional<DownloadRequest> joinedWith,
      OptionalInt status,
      Map<String, String> headers,
      String message,
      long now,
      List<Action> out) {
    boolean isFinal = status.orElse(0) >= 400 && status.orElse(0) < 500;
    Kind kind = isFinal ? Kind.REFUSED : Kind.UNAVAILABLE;
    giveUp(joinedWith, new OriginProblem(kind, status, headers, message, !isFinal), now, out);
  }

  /**
   * Those fail whose request is as the one that failed. For those with other headers (other
   * credentials, perhaps) it is tried again; those who must not read the origin hope for others.
   */
  void giveUp(Optional<DownloadRequest> failed, OriginProblem problem, long now, List<Action> out) {
    boolean alone = !parts.link.isJoined();
    parts.answers.failThose(
        waiter ->
            isSame(waiter.request, failed)
                && (alone
                    || problem.kind() == Kind.REFUSED
                    || !waiter.request.disableBackToSource()),
        waiter -> failure(waiter, problem),
        out);
    if (parts.waiters.isEmpty()) {
      return;
    }
    parts.origin.forgetFailure();
    if (parts.link.isJoined()) {
      parts.origin.withdraw();
      if (parts.waiters.originRequest().isPresent()) {
        parts.link.retire(new PeerReport.Failed(problem.message()), now, out);
      }
    }
  }

  private static boolean isSame(DownloadRequest request, Optional<DownloadRequest> failed) {
    return failed.isEmpty()
        || (request.requestHeaders().equals(failed.get().requestHeaders())
            && request.url().equals(failed.get().url()));
  }

  private static DownloadException failure(Waiter waiter, OriginProblem problem) {
    Code code =
        switch (problem.kind()) {
          case REFUSED -> Code.ORIGIN_REFUSED;
          case CHANGED -> Code.CONTENT_CHANGED;
          case FORBIDDEN -> Code.FORBIDDEN;
          case UNSUPPORTED_SCHEME, BAD_URL, BAD_HEADER -> Code.INVALID_REQUEST;
          case UNAVAILABLE,
              NO_RANGES,
              TRUNCATED,
              TOO_LONG,
              BAD_ANSWER,
              TLS,
              REDIRECTS,
              CANCELLED,
              IO ->
              Code.ORIGIN_UNAVAILABLE;
        };
    return new DownloadException(
        code,
        problem.status(),
        problem.headers(),
        "Cannot download " + waiter.request.urlForDisplay() + ": " + problem.message());
  }

  void storageFailed(boolean noSpace, String text, List<Action> out) {
    notStored(_ -> true, noSpace, text, out);
  }

  /** One caller's part does not fit; the others' were promised their room. */
  void spaceRefused(long waiter, boolean noSpace, String text, List<Action> out) {
    notStored(one -> one.id == waiter, noSpace, text, out);
  }

  private void notStored(
      Predicate<Waiters.Waiter> which, boolean noSpace, String text, List<Action> out) {
    parts.answers.failThose(
        which,
        waiter ->
            new DownloadException(
                noSpace ? Code.NO_SPACE : Code.STORAGE_FAILED,
                "Cannot store " + waiter.request.urlForDisplay() + " on this host: " + text),
        out);
  }
}
