package io.dragonfly.daemon.download;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.download.OriginPlan.Permission;
import io.dragonfly.daemon.download.Waiters.Waiter;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.PeerReport;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The download of one task on one host, for all its callers: decides what to do next. Events and
 * the time go in, actions come out; it has no threads, clocks, sockets or files.
 *
 * <p>The way of a piece: a caller attaches; the scheduler is told (SwarmSide), names parents or
 * sends this host to the origin; parents announce pieces (ParentBook); missing pieces are chosen
 * (PiecePicker) and fetched (Fetches) or read at the origin (OriginPlan, OriginSide); each one that
 * is stored is told to the callers (Answers) and to the scheduler (LinkPolicy). {@link #step} is
 * all of this in order.
 *
 * <p>Times are nanoseconds on any clock that begins at zero or later and never goes back. After
 * {@link Action.Done} there are no more actions. One thread at a time.
 */
public final class TaskDownload {
  private static final long SECOND = 1_000_000_000L;
  private static final long MILLISECOND = 1_000_000L;

  /** Without a scheduler, and not allowed to read the origin: patience times this much. */
  private static final int LONG_PATIENCE = 6;

  /** So many times longer it waits for parents that it still hears: one may read the origin. */
  private static final int HOPE = 3;

  /** Pieces of peers of ours that a scheduler has no roots of are taken after so long. */
  private static final long ROOTLESS = 3 * SECOND;

  private static final long QUIET = 10 * SECOND;
  private static final long UNPROVEN = 30 * SECOND;
  private static final long UPSTREAM_SILENCE = 60 * SECOND;
  private static final long SILENCE = 300 * SECOND;
  private static final long ANNOUNCE_TIME = 10 * SECOND;

  private final Parts parts;
  private final Versions versions;
  private final OriginSide originSide;
  private final SwarmSide swarmSide;
  private final TinyDelivery tiny;
  private boolean done;
  private boolean dropped;
  private long announceUntil = Long.MAX_VALUE;
  private long wakeAt = Long.MAX_VALUE;
  private String ending = "cancelled";

  /**
   * A download that nobody has joined yet.
   *
   * @param random everything that is left to chance
   * @param peerIds makes the id of a new peer of this host
   * @param anyScheduler whether a scheduler is known at all
   */
  public TaskDownload(
      DownloadOptions options,
      RandomGenerator random,
      Supplier<PeerId> peerIds,
      boolean anyScheduler) {
    this.parts = new Parts(options, random, peerIds, anyScheduler);
    this.versions = new Versions(parts);
    this.originSide = new OriginSide(parts, versions);
    this.tiny = new TinyDelivery(parts);
    this.swarmSide = new SwarmSide(parts, versions, originSide, tiny);
  }

  /** The peer that this host is, or was last, in the task's swarm. */
  public PeerId peer() {
    return parts.link.peer();
  }

  /** Whether nothing is left to do. */
  public boolean isDone() {
    return done;
  }

  /** When to call again without an event; Long.MAX_VALUE when only an event can help. */
  public long wakeAt() {
    return done ? Long.MAX_VALUE : wakeAt;
  }

  /** What to do after this event. */
  public List<Action> on(Event event, long now) {
    return on(List.of(event), now);
  }

  /** What to do after these events, which happened by now. */
  public List<Action> on(List<Event> events, long now) {
    List<Action> out = new ArrayList<>();
    if (done) {
      return out;
    }
    for (Event event : events) {
      take(event, now, out);
    }
    step(now, out);
    wakeAt = done ? Long.MAX_VALUE : nextWake(now);
    return out;
  }

  private void take(Event event, long now, List<Action> out) {
    switch (event) {
      case Event.Attach(long id, DownloadRequest request, boolean byBlocks) ->
          attach(id, request, byBlocks, now);
      case Event.Detach(long id, DownloadException why) ->
          parts.waiters.find(id).ifPresent(waiter -> detach(waiter, why, out));
      case Event.Reading(long id, int piece) ->
          parts.waiters.find(id).ifPresent(waiter -> waiter.readsAt(piece));
      case Event.DigestComputed e -> parts.answers.digestComputed(e.expected(), e.actual());
      case Event.Stop(DownloadException why) -> {
        ending = why.code().name();
        swarmSide.stopAnnouncing();
        parts.answers.failAll(why, out);
      }
      case Event.Tick() -> {}

      case Event.LinkReady(int link, boolean extension) -> {
        if (parts.link.isCurrent(link)) {
          swarmSide.ready(extension, now, out);
        }
      }
      case Event.LinkOrder(int link, var order) -> {
        if (parts.link.isCurrent(link)) {
          swarmSide.order(order, now, out);
        }
      }
      case Event.LinkLost(int link, String _, boolean hostUnknown) -> {
        if (parts.link.isCurrent(link)) {
          swarmSide.lost(hostUnknown, now, out);
        }
      }

      case Event.ParentFeatures e -> swarmSide.parentFeatures(e.sync(), e.extension());
      case Event.ParentPiece e -> swarmSide.parentPiece(e.sync(), e.number(), e.ip(), e.port());
      case Event.ParentBegins e -> swarmSide.parentBegins(e.sync(), e.number(), e.ip(), e.port());
      case Event.ParentEnded(int sync) -> swarmSide.parentOver(sync, Optional.empty(), now, out);
      case Event.ParentFailed(int sync, String why) ->
          swarmSide.parentOver(sync, Optional.of(why), now, out);
      case Event.FetchStarted(long fetch) -> parts.fetches.started(fetch, now);
      case Event.FetchProgress(long fetch, long bytes) -> {
        parts.fetches.progress(fetch, bytes);
        parts.answers.bytesArrived();
        parts.progressAt = now;
      }
      case Event.FetchDone(long id, var piece, long wait) ->
          parts
              .fetches
              .ended(id)
              .ifPresent(fetch -> {
                parts.fetches.delivered(fetch, wait, now);
                versions.pieceHeld(piece, fetch.parent.source(), now, out);
              });
      case Event.BlocksFetched(long id, int piece, var blocks) ->
          parts
              .fetches
              .ended(id)
              .ifPresent(fetch -> {
                fetch.parent.delivered();
                blocksHeld(piece, blocks, fetch.parent.source(), now, out);
              });
      case Event.FetchFailed e -> swarmSide.fetchFailed(e.fetch(), e.reason(), e.text(), now, out);
      case Event.TinyStored(int epoch, var piece) -> {
        if (tiny.stored(epoch)) {
          versions.pieceHeld(piece, ByteSource.PEER, now, out);
        }
      }
      case Event.TinyFailed(int epoch) -> tiny.failed(epoch, now, out);

      case Event.OriginHead head -> originSide.head(head, now, out);
      case Event.OriginBytes count -> originSide.bytes(count, now);
      case Event.OriginPiece(long read, var piece) -> originSide.piece(read, piece, now, out);
      case Event.OriginBlocks(long read, int piece, var blocks) -> {
        if (originSide.blocks(read, piece)) {
          blocksHeld(piece, blocks, ByteSource.ORIGIN, now, out);
        }
      }
      case Event.OriginEnded(long read) -> originSide.ended(read);
      case Event.OriginStored e -> originSide.stored(e.read(), e.content(), e.pieces(), now, out);
      case Event.OriginBroke(long read, OriginProblem problem) ->
          originSide.broke(read, problem, now, out);

      case Event.TaskOpened e -> {
        if (e.epoch() == parts.content.epoch() && !parts.content.isOpen()) {
          parts.content.opened(e.content(), e.pieces(), e.roots(), e.parts());
        }
      }
      case Event.TaskRefused(int epoch, boolean noSpace, String text) ->
          storageFailed(epoch, noSpace, text, out);
      case Event.StorageFailed(int epoch, boolean noSpace, String text) ->
          storageFailed(epoch, noSpace, text, out);
      case Event.SpaceRefused e -> {
        if (e.epoch() == parts.content.epoch()) {
          ending = e.text();
          originSide.spaceRefused(e.waiter(), e.noSpace(), e.text(), out);
        }
      }
      case Event.TaskDeleted(int epoch) -> deleted(epoch, out);
    }
  }

  private void blocksHeld(
      int piece, BlockSet blocks, ByteSource source, long now, List<Action> out) {
    parts.progressAt = now;
    parts.content.holdPart(piece, blocks);
    parts.answers.blocksDone(piece, source, out);
  }

  private void detach(Waiter waiter, DownloadException why, List<Action> out) {
    parts.answers.fail(waiter, why, out);
    if (parts.waiters.isOnlyForOthers()) {
      parts.waiters.forgetOthers();
    }
  }

  private void attach(long id, DownloadRequest request, boolean byBlocks, long now) {
    if (parts.waiters.isEmpty()) {
      parts.progressAt = now;
    }
    parts.waiters.add(id, request, byBlocks, now);
    parts.link.reconsider(now);
    if (request.triggeredByScheduler() && holdsEverything()) {
      swarmSide.announceHolder(request);
      announceUntil = now + ANNOUNCE_TIME;
    }
  }

  private boolean holdsEverything() {
    return parts.content.isOpen()
        && parts.content.hasLayout()
        && parts.content.held().cardinality() == parts.content.layout().pieceCount();
  }

  private void storageFailed(int epoch, boolean noSpace, String text, List<Action> out) {
    if (epoch == parts.content.epoch()) {
      ending = text;
      if (noSpace) {
        // What arrived would only keep the disk full: others need the room.
        out.add(new Action.DropTask(epoch));
      }
      originSide.storageFailed(noSpace, text, out);
    }
  }

  private void deleted(int epoch, List<Action> out) {
    if (epoch == parts.content.epoch() && parts.content.isOpen() && !dropped) {
      ending = "the task was deleted";
      parts.answers.failThose(
          _ -> true,
          waiter ->
              new DownloadException(
                  Code.DELETED,
                  waiter.request.urlForDisplay()
                      + " was deleted from this host's cache while it was downloaded: try again."),
          out);
    }
  }

  /** What comes next, in order; called after every event. */
  private void step(long now, List<Action> out) {
    parts.answers.expire(now, out);
    parts.answers.beginAll(out);
    seeToOthers(now, out);
    if (isSatisfied()) {
      stopWork(out);
      if (parts.link.isJoined() && !swarmSide.isAnnouncing()) {
        parts.link.retire(new PeerReport.Finished(), now, out);
      }
    }
    parts.answers.finishComplete(now, out);
    noteDrop(out);
    if (parts.waiters.isEmpty()) {
      wrapUp(now, out);
    } else if (!isSatisfied()) {
      work(now, out);
    } else if (swarmSide.isAnnouncing()) {
      parts.link.connect(now, out);
    }
  }

  /**
   * The origin is read once for all hosts: of a piece that nobody has, a part is read for a caller
   * of this host, and then the rest, so that its root becomes known and others can have it.
   */
  private void seeToOthers(long now, List<Action> out) {
    boolean lease = parts.origin.permission() == Permission.LEASE;
    if (!lease && parts.waiters.isOnlyForOthers()) {
      parts.waiters.forgetOthers();
    }
    if (lease && parts.content.isOpen() && parts.content.hasLayout()) {
      for (Waiter waiter : parts.waiters.all()) {
        if (waiter.byBlocks && waiter.started && !waiter.isComplete()) {
          seeToOthers(waiter, waiter.firstPiece(), now);
          seeToOthers(waiter, waiter.lastPiece(), now);
        }
      }
      parts.answers.beginAll(out);
    }
  }

  private void seeToOthers(Waiter waiter, int piece, long now) {
    if (waiter.awaits(piece) && !parts.content.holds(piece) && !parts.content.isRooted(piece)) {
      parts.waiters.wantForOthers(piece, parts.content.layout(), waiter.request, now);
    }
  }

  /** Everything that anybody wants is here; perhaps a digest is still being compared. */
  private boolean isSatisfied() {
    return !parts.waiters.isEmpty()
        && parts.content.isOpen()
        && parts.content.hasLayout()
        && parts.waiters.needs(parts.content).pieces().isEmpty();
  }

  private void noteDrop(List<Action> out) {
    dropped |= out.stream().anyMatch(Action.DropTask.class::isInstance);
  }

  private void work(long now, List<Action> out) {
    Needs needs = parts.waiters.needs(parts.content);
    BitSet missing = needs.pieces();
    int[] readers = parts.waiters.readers();
    if (parts.content.isOpen() && parts.content.hasLayout()) {
      parts.fetches.abortUnwanted(missing, out);
      parts.origin.stopUnwanted(missing, out);
    }
    swarmSide.widenWhenPossible(now, out);
    parts.link.connect(now, out);
    swarmSide.joinWhenPossible(now, out);
    tiny.begin(now, out);
    if (tiny.isUnderWay()) {
      return;
    }
    parts.book.follow(parts.content, now, out);

    originSide.takeAnswer(needs, out);
    if (parts.content.isOpen() && parts.content.hasLayout()) {
      if (parts.origin.isReadingUnasked()) {
        parts.origin.stopCovered(parts.book.available(parts.content), out);
      }
      BitSet unread = (BitSet) missing.clone();
      unread.andNot(parts.origin.claimed());
      parts.fetches.takeFromSlow(parts.content, now, out);
      parts.fetches.begin(unread, needs, readers, parts.content, now, out);
    }
    whenStuck(missing, now, out);
    if (parts.origin.mayBegin(now)) {
      Optional<DownloadRequest> request =
          parts.waiters.isEmpty() || parts.origin.permission() != Permission.LOOK
              ? parts.waiters.originRequest()
              : Optional.of(parts.waiters.leading());
      parts.origin.begin(
          originSide.free(missing), needs, readers, parts.content, request, now, out);
    }

    parts.answers.showProgress(parts.fetches, parts.origin, now, out);
    if (parts.origin.isReading()) {
      parts.link.originProgress(parts.origin.bytes(), now, out);
    }
    parts.link.flush(now, false, out);
    if (parts.waiters.isEmpty()) {
      wrapUp(now, out);
    }
  }

  /** Nothing goes on: wait, ask for other parents, or read the origin without being told. */
  private void whenStuck(BitSet missing, long now, List<Action> out) {
    if (parts.link.isOurs() && parts.fetches.isCrawling()) {
      parts.link.wantParents(
          parts.book.unwanted(now), "pieces come too slowly through the parents", now, out);
    }
    if (!parts.fetches.isEmpty() || parts.origin.isReading()) {
      return;
    }
    long quiet = now - parts.progressAt;
    boolean rootsOverdue = parts.link.isJoined() && quiet > ROOTLESS;
    if (rootsOverdue && !parts.content.isRooted() && !parts.book.announced().isEmpty()) {
      parts.content.expectNoRoots();
    }
    BitSet available = parts.book.available(parts.content);
    available.and(missing);
    if (parts.origin.failure().isPresent()) {
      if (available.isEmpty()) {
        originSide.giveUp(parts.waiters.originRequest(), parts.origin.failure().get(), now, out);
      }
    } else if (parts.link.isAlone()) {
      whenAlone(available, now, out);
    } else if (parts.link.isJoined()) {
      if (parts.origin.permission() == Permission.LEASE && quiet > QUIET) {
        parts.origin.distrustPeers();
      }
      boolean dry =
          available.isEmpty()
              && swarmSide.parentsNamed()
              && parts.content.isOpen()
              && (quiet > QUIET || !parts.book.mayHearMore());
      if (dry && quiet > UNPROVEN && cannotProve(missing)) {
        unproven(out);
        return;
      }
      if (dry) {
        wantParents(now, out);
      }
      boolean exhausted = dry && !parts.link.mayAskAgain();
      if (!parts.link.isOurs() && (exhausted || quiet > UPSTREAM_SILENCE)) {
        goAlone(available, out);
      } else if (quiet > SILENCE) {
        parts.progressAt = now;
        parts.link.rejoin(now, out);
      }
    }
  }

  private void wantParents(long now, List<Action> out) {
    if (parts.link.isOurs() || (parts.link.mayAskAgain() && !parts.link.hasUnansweredWish())) {
      parts.link.wantParents(
          parts.book.unwanted(now), "not all pieces can be had from the parents", now, out);
    }
  }

  private void whenAlone(BitSet available, long now, List<Action> out) {
    long since = Math.max(parts.link.aloneSince(), parts.progressAt);
    long patience = parts.link.patience();
    // Roots come through the scheduler: without it, parents get nothing that could be verified.
    boolean hope = parts.book.isFollowing() && !parts.content.isRooted();
    if (now - since < (hope ? HOPE * patience : patience)
        || parts.origin.permission() == Permission.OWN) {
      return;
    }
    if (parts.waiters.originRequest().isPresent()) {
      goAlone(available, out);
    } else if (now - since >= LONG_PATIENCE * Math.max(patience, 5 * SECOND)) {
      noSource(out);
    }
  }

  private void goAlone(BitSet available, List<Action> out) {
    if (parts.origin.permission() == Permission.OWN) {
      return;
    }
    if (parts.waiters.originRequest().isPresent()) {
      parts.origin.allow(Permission.OWN, available);
    } else {
      noSource(out);
    }
  }

  private void noSource(List<Action> out) {
    ending = "no source";
    parts.answers.failThose(
        _ -> true,
        waiter ->
            new DownloadException(
                Code.NO_SOURCE,
                "Cannot download "
                    + waiter.request.urlForDisplay()
                    + ": no peer gave its missing pieces, and reading the origin was disabled."
                    + " Allow reading the origin, or see whether the scheduler can be reached."),
        out);
  }

  /** Parents have what is missing, but no root to check it against, and the origin is forbidden. */
  private boolean cannotProve(BitSet missing) {
    BitSet offered = parts.book.announced();
    offered.and(missing);
    return !offered.isEmpty() && parts.waiters.originRequest().isEmpty();
  }

  private void unproven(List<Action> out) {
    ending = "not all pieces can be verified";
    parts.answers.failThose(
        _ -> true,
        waiter ->
            new DownloadException(
                Code.NO_SOURCE,
                "Cannot download "
                    + waiter.request.urlForDisplay()
                    + ": some of its pieces are held only by peers of upstream's programs, nobody"
                    + " knows hashes to verify them against as the others were, and reading the"
                    + " origin was disabled. Allow reading the origin."),
        out);
  }

  private void stopWork(List<Action> out) {
    parts.fetches.abortAll(out);
    parts.origin.stopAll(out);
    parts.book.unfollowAll(out);
  }

  /** Nobody waits any more. */
  private void wrapUp(long now, List<Action> out) {
    stopWork(out);
    if (swarmSide.isAnnouncing() && now < announceUntil) {
      parts.link.connect(now, out);
      if (!parts.link.isIdle()) {
        return;
      }
    }
    if (parts.link.isJoined()) {
      parts.link.retire(new PeerReport.Failed(ending), now, out);
    }
    parts.link.close(out);
    done = true;
    out.add(new Action.Done());
  }

  /** The next time that something is due; what was due by now has been done, or can't be yet. */
  private long nextWake(long now) {
    long wake = now + SECOND;
    long[] due = {
      parts.answers.wakeAt(),
      parts.link.wakeAt(),
      parts.book.wakeAt(now),
      parts.fetches.wakeAt(now),
      parts.origin.wakeAt(now)
    };
    for (long time : due) {
      if (time > now) {
        wake = Math.min(wake, time);
      }
    }
    return Math.max(wake, now + MILLISECOND);
  }
}
