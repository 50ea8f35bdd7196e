package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.download.OriginPlan.Permission;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.PeerReport.FailureReason;
import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What comes from the scheduler and from parents.
 *
 * <p>Our scheduler is told at once that this host wants the task, and knows or finds out what the
 * content is. A Go scheduler has to be told the length, so the origin is looked at first; content
 * that it would not be asked about anyway (small, or of unknown length) is read at the origin
 * without it.
 */
final class SwarmSide {
  private final Parts parts;
  private final Versions versions;
  private final OriginSide originSide;
  private final TinyDelivery tiny;

  /** Set while this host only wants to be known for what it holds. */
  private Optional<DownloadRequest> holder = Optional.empty();

  private Optional<DownloadRequest> joinedWith = Optional.empty();
  private boolean parentsNamed;

  SwarmSide(Parts parts, Versions versions, OriginSide originSide, TinyDelivery tiny) {
    this.tiny = tiny;
    this.parts = parts;
    this.versions = versions;
    this.originSide = originSide;
  }

  /** A scheduler asked for content that this host holds all of. */
  void announceHolder(DownloadRequest request) {
    holder = Optional.of(request);
  }

  boolean isAnnouncing() {
    return holder.isPresent();
  }

  void stopAnnouncing() {
    holder = Optional.empty();
  }

  boolean parentsNamed() {
    return parentsNamed;
  }

  void ready(boolean extension, long now, List<Action> out) {
    parts.link.ready(extension);
    parts.content.expectRoots(extension);
    parts.progressAt = now;
    if (holder.isPresent()) {
      parts.link.register(holder.get(), parts.content, true, now, out);
      if (extension) {
        announced(now, out);
      }
    } else {
      joinWhenPossible(now, out);
    }
  }

  private void announced(long now, List<Action> out) {
    holder = Optional.empty();
    parts.link.retire(new PeerReport.Finished(), now, out);
  }

  /** Registers, as soon as what this scheduler has to be told is known. */
  void joinWhenPossible(long now, List<Action> out) {
    if (!parts.link.isReady() || parts.waiters.isEmpty() || holder.isPresent()) {
      return;
    }
    if (parts.link.isOurs()) {
      join(now, out);
    } else if (parts.content.isUnknown()) {
      if (parts.origin.permission() == Permission.NONE) {
        parts.origin.allow(Permission.LOOK, new BitSet());
      }
    } else if (parts.content.isOpen() && parts.content.hasLayout()) {
      if (isSmall() && parts.waiters.originRequest().isPresent()) {
        parts.link.skip(out);
        parts.origin.allow(Permission.OWN, new BitSet());
      } else {
        join(now, out);
      }
    }
  }

  /**
   * Registers anew when a part was asked for and somebody wants all of it now. Not while the origin
   * is read by order: that is done for everybody here, and the order would be lost.
   */
  void widenWhenPossible(long now, List<Action> out) {
    boolean partly = joinedWith.flatMap(DownloadRequest::rangeHeader).isPresent();
    if (partly
        && parts.link.isJoined()
        && parts.link.isOurs()
        && parts.origin.permission() == Permission.NONE
        && parts.waiters.widest().rangeHeader().isEmpty()) {
      parts.link.rejoin(now, out);
    }
  }

  private void join(long now, List<Action> out) {
    parts.origin.withdraw();
    joinedWith = Optional.of(parts.waiters.widest());
    parts.link.register(joinedWith.get(), parts.content, false, now, out);
  }

  /** Whether a Go scheduler is not asked for this: as upstream's programs do. */
  private boolean isSmall() {
    long small = parts.options.smallContent();
    return parts.content.length() <= small
        || parts.waiters.all().stream()
            .allMatch(
                waiter -> waiter.range().isPresent() && waiter.range().get().length() <= small);
  }

  void lost(boolean hostUnknown, long now, List<Action> out) {
    parts.link.lost(hostUnknown, now);
    if (holder.isPresent()) {
      holder = Optional.empty();
      parts.link.close(out);
    }
  }

  void order(SwarmOrder order, long now, List<Action> out) {
    if (!(order instanceof SwarmOrder.Roots)) {
      // Roots come while others make progress; that brings nothing to a host whose parents are
      // mute.
      parts.progressAt = now;
    }
    switch (order) {
      case SwarmOrder.Content(ContentInfo info) -> content(info, now, out);
      case SwarmOrder.Parents(var parents) -> {
        parts.link.answered();
        parentsNamed |= !parents.isEmpty();
        parts.book.list(parents, now, out);
      }
      case SwarmOrder.GoToOrigin(String _, BitSet held) -> goToOrigin(held, out);
      case SwarmOrder.LeaveOrigin(String _) -> {
        parts.origin.withdraw();
        parts.origin.stopAll(out);
      }
      case SwarmOrder.Roots(var roots) -> {
        if (parts.content.hasLayout() && !parts.content.learnRoots(roots)) {
          versions.voided(now, out);
        }
      }
      case SwarmOrder.Tiny(var content) -> tiny.offer(content);
      case SwarmOrder.OriginRefused(OptionalInt status, var headers, String message) ->
          originSide.refusedOthers(joinedWith, status, headers, message, now, out);
      case SwarmOrder.Empty() -> {
        if (parts.content.isUnknown()) {
          content(ContentInfo.of(0, PieceLayout.automaticPieceLength(0), "", Map.of()), now, out);
        }
      }
      case SwarmOrder.MetadataOnly() -> {
        if (holder.isPresent()) {
          announced(now, out);
        }
      }
      case SwarmOrder.Ended(String code, String text) -> ended(code, text, now, out);
    }
  }

  /**
   * The scheduler ended the conversation. Who may read the origin goes on without it for a while;
   * for the others its word is the last, else they would ask the same again for ever. A Go
   * scheduler that refuses expects its client at the origin, at once and without asking again. A
   * download that our own forbids is over for all.
   */
  private void ended(String code, String text, long now, List<Action> out) {
    boolean ours = parts.link.isOurs();
    lost(false, now, out);
    if (code.equals("PERMISSION_DENIED")) {
      forbidden(text, now, out);
      return;
    }
    boolean isFinal = code.equals("FAILED_PRECONDITION") || code.equals("INVALID_ARGUMENT");
    if (isFinal && !ours && parts.waiters.originRequest().isPresent()) {
      parts.link.skip(out);
      parts.origin.allow(Permission.OWN, parts.book.available(parts.content));
    } else if (isFinal && parts.waiters.originRequest().isEmpty() && parts.fetches.isEmpty()) {
      parts.answers.failThose(
          _ -> true,
          waiter ->
              new DownloadException(
                  Code.NO_SOURCE,
                  "Cannot download "
                      + waiter.request.urlForDisplay()
                      + " from other peers: "
                      + text
                      + ". Reading the origin was disabled; allow it, or try again later."),
          out);
    }
  }

  /** Whoever asks with another priority, or for another application, may be allowed to. */
  private void forbidden(String text, long now, List<Action> out) {
    Optional<DownloadRequest> asked = joinedWith;
    parts.answers.failThose(
        waiter ->
            asked.isEmpty()
                || (waiter.request.priority() == asked.get().priority()
                    && waiter.request.application().equals(asked.get().application())),
        waiter ->
            new DownloadException(
                Code.FORBIDDEN,
                "Cannot download "
                    + waiter.request.urlForDisplay()
                    + ": "
                    + text
                    + ". Ask with another priority, or see which one its application has."),
        out);
    if (!parts.waiters.isEmpty()) {
      parts.link.rejoin(now, out);
    }
  }

  private void content(ContentInfo info, long now, List<Action> out) {
    boolean known = parts.content.isSameVersion(info);
    if (info.length().isPresent() && !known) {
      boolean another = !parts.content.isUnknown();
      versions.begin(info, Optional.empty(), now, out);
      if (another && parts.link.isJoined() && !parts.waiters.isEmpty()) {
        // What was reported on this link is of the old version.
        parts.link.rejoin(now, out);
      }
    }
  }

  private void goToOrigin(BitSet held, List<Action> out) {
    parts.link.answered();
    if (parts.waiters.originRequest().isPresent()) {
      parts.origin.allow(Permission.LEASE, held);
      parts.link.answerLease(out);
    } else {
      parts.link.report(
          PeerReport.OriginFailed.untried("this download must not read the origin"), out);
    }
  }

  // Parents.

  void parentPiece(int sync, int piece, String ip, int port) {
    parts.book.bySync(sync).ifPresent(parent -> parts.book.announced(parent, piece, ip, port));
  }

  void parentBegins(int sync, int piece, String ip, int port) {
    parts.book.bySync(sync).ifPresent(parent -> parts.book.begun(parent, piece, ip, port));
  }

  void parentFeatures(int sync, boolean extension) {
    parts.book.bySync(sync).ifPresent(parent -> parent.extension = extension);
  }

  void parentOver(int sync, Optional<String> failure, long now, List<Action> out) {
    Optional<Parent> known = parts.book.bySync(sync);
    if (known.isEmpty()) {
      return;
    }
    BitSet missing = parts.waiters.needs(parts.content).pieces();
    boolean hope = parts.book.syncOver(known.get(), missing, now);
    if (failure.isPresent() && !hope) {
      parts.book.leave(known.get(), now, out);
    }
  }

  void fetchFailed(long id, Reason reason, String text, long now, List<Action> out) {
    Optional<Fetch> ended = parts.fetches.ended(id);
    if (ended.isEmpty()) {
      return;
    }
    Fetch fetch = ended.get();
    Parent parent = fetch.parent;
    boolean isRelayLost =
        fetch.relayed
            && (reason == Reason.MISSING
                || reason == Reason.UNREACHABLE
                || reason == Reason.STALLED);
    if (isRelayLost) {
      // It lost the piece's source, which is no fault of it: it tells again when the piece is
      // whole.
      parts.book.relayLost(parent, fetch.piece);
      return;
    }
    switch (reason) {
      case MISSING -> {
        parts.book.denied(parent, fetch.piece);
        reportFailure(fetch, FailureReason.MISSING, text, out);
      }
      case UNREACHABLE, STALLED -> {
        if (fetch.aborted) {
          return;
        }
        reportFailure(
            fetch,
            reason == Reason.STALLED ? FailureReason.STALLED : FailureReason.UNREACHABLE,
            text,
            out);
        boolean dead = parts.fetches.unanswered(parent, now);
        // Where there are others, nobody waits for one that stands still a second time.
        if (dead || (reason == Reason.STALLED && parts.book.hasOthers(parent))) {
          parts.book.leave(parent, now, out);
          parts.fetches.abortFrom(parent, out);
        }
      }
      case CORRUPT -> {
        reportFailure(fetch, FailureReason.CORRUPT, text, out);
        parts.book.drop(parent, out);
        parts.fetches.abortFrom(parent, out);
      }
      case CANCELLED -> {
        if (!fetch.aborted) {
          parts.fetches.unanswered(parent, now);
        }
      }
      case LOCAL_IO -> {
        if (!fetch.aborted) {
          originSide.storageFailed(false, text, out);
        }
      }
    }
  }

  private void reportFailure(Fetch fetch, FailureReason reason, String text, List<Action> out) {
    parts.link.report(
        new PeerReport.PieceFailed(fetch.piece, fetch.parent.info.peer(), reason, text), out);
  }
}
