package io.dragonfly.daemon.download;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.storage.StoredPiece;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The link to the scheduler: when to open it, what to report, how long to wait for it.
 *
 * <pre>
 * IDLE → OPENING → READY → JOINED → IDLE (finished, failed, not needed)
 *           ↘        ↓       ↓
 *             LOST (opened again after a pause that doubles) → OPENING
 * </pre>
 *
 * Finished pieces are reported in batches, the first one at once.
 */
final class LinkPolicy {
  private static final long SECOND = 1_000_000_000L;
  private static final long FIRST_PAUSE = SECOND / 2;
  private static final long LONGEST_PAUSE = 30 * SECOND;
  private static final long FIRST_WANTED_PAUSE = 2 * SECOND;
  private static final int BATCH = 16;

  /** Sets of parents a Go scheduler gives to one peer before it calls that too many. */
  private static final int UPSTREAM_ANSWERS = 5;

  enum State {
    IDLE,
    OPENING,
    READY,
    JOINED,
    LOST
  }

  private final DownloadOptions options;
  private final RandomGenerator random;
  private final Supplier<PeerId> peerIds;
  private final boolean anyScheduler;
  private final double patienceFactor;

  private State state = State.IDLE;
  private int link;
  private PeerId peer;
  private boolean peerKnown;
  private Optional<DownloadRequest> registered = Optional.empty();
  private boolean extension;
  private boolean seen;
  private int losses;
  private int answers;
  private long openAt;
  private long aloneSince;
  private long joinedAt;
  private long wantedAt;
  private int wantedSent;
  private boolean wishOpen;
  private final List<StoredPiece> pending = new ArrayList<>();
  private long flushAt;
  private long progressSent;
  private long progressAt;

  LinkPolicy(
      DownloadOptions options,
      RandomGenerator random,
      Supplier<PeerId> peerIds,
      boolean anyScheduler) {
    this.options = options;
    this.random = random;
    this.peerIds = peerIds;
    this.anyScheduler = anyScheduler;
    this.peer = peerIds.get();
    this.patienceFactor = 0.75 + random.nextDouble() / 2;
  }

  PeerId peer() {
    return peer;
  }

  boolean isIdle() {
    return state == State.IDLE;
  }

  boolean isReady() {
    return state == State.READY;
  }

  /** Nobody is there to say what to do. */
  boolean isAlone() {
    return state == State.IDLE || state == State.OPENING || state == State.LOST;
  }

  boolean isJoined() {
    return state == State.JOINED;
  }

  /** The scheduler speaks our extension. */
  boolean isOurs() {
    return extension;
  }

  boolean isCurrent(int number) {
    return number == link
        && (state == State.OPENING || state == State.READY || state == State.JOINED);
  }

  /** Opens the link when it is time to. */
  void connect(long now, List<Action> out) {
    if (!anyScheduler || (state != State.IDLE && state != State.LOST) || now < openAt) {
      return;
    }
    if (state == State.IDLE) {
      aloneSince = now;
    }
    state = State.OPENING;
    out.add(new Action.OpenLink(++link));
  }

  void ready(boolean withExtension) {
    state = State.READY;
    extension = withExtension;
    seen = true;
    if (peerKnown && !extension) {
      // A Go scheduler keeps the broken stream of a peer that it knows: come as another one.
      peer = peerIds.get();
    }
  }

  void register(
      DownloadRequest request,
      TaskContent content,
      boolean holderOnly,
      long now,
      List<Action> out) {
    boolean tell = content.isOpen() && content.hasLayout();
    out.add(
        new Action.Send(
            link,
            new PeerReport.Register(
                peer,
                request,
                tell ? content.info() : Optional.empty(),
                tell ? content.held() : new BitSet(),
                tell ? content.heldRoots() : Map.of(),
                holderOnly)));
    state = State.JOINED;
    peerKnown = true;
    registered = Optional.of(request);
    answers = 0;
    wishOpen = false;
    joinedAt = now;
    pending.clear();
    progressSent = 0;
  }

  /** The request that the scheduler was told last. */
  Optional<DownloadRequest> registered() {
    return registered;
  }

  /** The link broke; it is opened again after a pause. */
  void lost(boolean hostUnknown, long now) {
    if (state == State.JOINED && now - joinedAt > LONGEST_PAUSE) {
      losses = 0;
    }
    if (state == State.JOINED || state == State.READY) {
      aloneSince = now;
    }
    state = State.LOST;
    long pause =
        hostUnknown ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, FIRST_PAUSE << Math.min(losses, 10));
    losses++;
    openAt = now + pause / 2 + random.nextLong(pause);
    pending.clear();
  }

  /** Ends the conversation and lets the next one begin anew. */
  void close(List<Action> out) {
    if (state == State.OPENING || state == State.READY || state == State.JOINED) {
      out.add(new Action.CloseLink(link));
    }
    state = State.IDLE;
    pending.clear();
  }

  /** No scheduler is needed until another caller joins. */
  void skip(List<Action> out) {
    close(out);
    openAt = Long.MAX_VALUE;
  }

  /** Another caller may need the scheduler. */
  void reconsider(long now) {
    if (state == State.IDLE) {
      openAt = now;
    }
  }

  /** Comes again, as the same peer, with what is held and wanted now. */
  void rejoin(long now, List<Action> out) {
    close(out);
    openAt = now;
  }

  /** After Finished or Failed this peer is over: whoever comes next is another one. */
  void retire(PeerReport last, long now, List<Action> out) {
    flush(now, true, out);
    report(last, out);
    close(out);
    if (peerKnown) {
      peer = peerIds.get();
      peerKnown = false;
    }
    openAt = now;
  }

  void report(PeerReport report, List<Action> out) {
    if (state == State.JOINED) {
      out.add(new Action.Send(link, report));
    }
  }

  void pieceDone(StoredPiece piece, long now, List<Action> out) {
    wantedSent = 0;
    if (state == State.JOINED) {
      pending.add(piece);
      flush(now, pending.size() >= BATCH, out);
    }
  }

  /** Another version begins: pieces of the one before must not be reported as pieces of it. */
  void startOver() {
    pending.clear();
  }

  void flush(long now, boolean must, List<Action> out) {
    if (!pending.isEmpty() && (must || now >= flushAt)) {
      report(new PeerReport.PiecesDone(pending), out);
      pending.clear();
      flushAt = now + options.reportEvery().toNanos();
    }
  }

  /** Says that the order to read the origin has arrived. */
  void answerLease(List<Action> out) {
    if (extension) {
      report(new PeerReport.OriginProgress(progressSent), out);
    }
  }

  /** Once a second, what was read at the origin: a lease is kept by progress. */
  void originProgress(long bytes, long now, List<Action> out) {
    if (extension && bytes > progressSent && now >= progressAt) {
      report(new PeerReport.OriginProgress(bytes), out);
      progressSent = bytes;
      progressAt = now + SECOND;
    }
  }

  /** Whether the scheduler may be asked for other parents. */
  boolean mayAskAgain() {
    return extension || answers < UPSTREAM_ANSWERS;
  }

  void answered() {
    answers++;
    wishOpen = false;
  }

  /**
   * Says that the parents do not suffice; not again before a pause, which doubles till pieces come.
   */
  void wantParents(List<PeerId> unwanted, String why, long now, List<Action> out) {
    if (state == State.JOINED && now >= wantedAt) {
      report(new PeerReport.ParentsWanted(unwanted, why), out);
      wantedAt = now + Math.min(LONGEST_PAUSE, FIRST_WANTED_PAUSE << Math.min(wantedSent, 10));
      wantedSent++;
      wishOpen = true;
    }
  }

  boolean hasUnansweredWish() {
    return wishOpen;
  }

  /**
   * How long to do without a scheduler before reading the origin on one's own, from {@link
   * #aloneSince}; each host waits a little differently.
   */
  long patience() {
    if (!anyScheduler) {
      return 0;
    }
    long nanos = (seen ? options.patienceAfterScheduler() : options.patience()).toNanos();
    return (long) (nanos * patienceFactor);
  }

  long aloneSince() {
    return aloneSince;
  }

  long wakeAt() {
    long wake = pending.isEmpty() ? Long.MAX_VALUE : flushAt;
    return state == State.LOST ? Math.min(wake, openAt) : wake;
  }
}
