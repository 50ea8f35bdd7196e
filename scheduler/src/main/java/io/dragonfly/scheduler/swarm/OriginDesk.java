package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.scheduler.origin.OriginFailure;
import io.dragonfly.scheduler.origin.OriginLease;
import io.dragonfly.scheduler.origin.OriginVerdict;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Who reads the origin of one task, and what happens when it can't be read. Guarded by the lock of
 * the task.
 *
 * <p>The origin is needed when somebody lacks a piece that no usable parent holds, or when nobody
 * can serve a child. Then a healthy seed is asked, twice at most; then one of those who wait gets
 * the lease. It moves on when its holder shows no progress and somebody else could do it.
 */
final class OriginDesk {
  private static final int MAX_SEED_TRIES = 2;

  private static final OriginFailure SILENT =
      OriginFailure.found(
          OptionalInt.empty(), Map.of(), "the origin gave nothing for too long, to several hosts");

  private final Task task;
  private final Offers offers;
  private final Parenting parenting;
  private final HostTable hosts;
  private final LongSupplier triggerIds;
  private final OriginVerdict verdict = new OriginVerdict();

  /** Seeds that were asked in vain, until when. */
  private final Map<HostId, Long> blockedSeeds = new HashMap<>();

  /** Seeds whose calls go on, by the trigger. */
  private final Map<Long, HostId> calls = new HashMap<>();

  /** Children that nobody can serve although nothing is missing. */
  private final Set<Peer> starving = new LinkedHashSet<>();

  private int seedTries;
  private String triggerHeaders = "";
  private @Nullable OriginFailure lastFailure;

  OriginDesk(
      Task task, Offers offers, Parenting parenting, HostTable hosts, LongSupplier triggerIds) {
    this.task = task;
    this.offers = offers;
    this.parenting = parenting;
    this.hosts = hosts;
    this.triggerIds = triggerIds;
  }

  /** Whether the peer lacks something that no usable parent holds. */
  boolean lacks(Peer peer) {
    if (!task.isLengthKnown()) {
      return true;
    }
    if (peer.complete || offers.counts().coversAll(task.pieceCount())) {
      return false;
    }
    Optional<ByteRange> range = peer.download.range();
    if (range.isEmpty()) {
      return true;
    }
    Optional<int[]> pieces = task.piecesOf(range.get());
    if (pieces.isEmpty()) {
      return false;
    }
    for (int piece = pieces.get()[0]; piece <= pieces.get()[1]; piece++) {
      if (!peer.holds(piece) && !offers.counts().covers(piece)) {
        return true;
      }
    }
    return false;
  }

  /** Nobody can serve this child: it may read the origin although nothing is missing. */
  void starving(Peer peer, boolean value) {
    if (value) {
      starving.add(peer);
    } else {
      starving.remove(peer);
    }
  }

  /** Whether somebody still has to be given the origin: then time alone may help. */
  boolean isUnsatisfied() {
    return task.lease.isFree() && demander().isPresent();
  }

  /** Brings the lease in line with who needs it. */
  void step(long now) {
    if (!task.lease.isFree()) {
      reconsider(now);
    }
    if (!task.lease.isFree() || !task.isReadable(now)) {
      return;
    }
    Optional<Peer> demander = demander();
    if (demander.isEmpty()) {
      return;
    }
    Optional<OriginFailure> unreadable = verdict.standing(now);
    if (unreadable.isPresent()) {
      tellUnreadable(unreadable.get(), now);
      return;
    }
    Peer first = demander.get();
    boolean alone = task.limits.priority(first.download) == 3 || !lacks(first);
    if (alone && canLead(first, now)) {
      grant(first, "you were told to read the origin yourself", now);
      return;
    }
    if (!alone && (leadSeed(now) || trigger(first, now))) {
      return;
    }
    Optional<Peer> candidate = candidate(now);
    if (candidate.isPresent()) {
      grant(candidate.get(), "nobody holds what is missing", now);
    } else {
      giveUp();
    }
  }

  /** Gives the lease to a seed that was triggered and has now registered. */
  boolean grantTriggered(Peer seed, long now) {
    if (!task.lease.isTriggered(seed.host.id()) || !isPossible(seed)) {
      return false;
    }
    grant(seed, "you were triggered", now);
    return true;
  }

  /** An upstream peer reads the origin by its own decision: others may as well wait for it. */
  void readsAnyway(Peer peer, long now) {
    peer.hasReadOrigin = true;
    if (task.lease.isFree() && lacks(peer)) {
      long pieceLength = task.content().map(ContentInfo::pieceLength).orElse(0L);
      task.lease.grant(peer.id, peer.extension, pieceLength, now);
      peer.trunk = null;
      offers.retry();
    }
  }

  void pieceRead(Peer peer, long now) {
    if (task.lease.isHeldBy(peer.id)) {
      task.lease.pieceRead(peer.id, now);
      seedTries = 0;
      lastFailure = null;
      verdict.read();
    }
  }

  /**
   * A peer of ours reads the origin. Without the lease it was cut off, or had it of a scheduler
   * before this one, and its requests went on meanwhile: two would read the same. Whoever has read
   * more goes on.
   */
  void bytesRead(Peer peer, long bytes, long now) {
    if (task.lease.isHeldBy(peer.id)) {
      task.lease.bytesRead(peer.id, bytes, now);
      return;
    }
    Peer holder =
        task.lease.state() instanceof OriginLease.State.Held held
            ? task.peers.get(held.peer())
            : null;
    if (holder == null) {
      return;
    }
    if (!holder.extension || bytes <= Math.max(0, task.lease.bytesRead()) || !canLead(peer, now)) {
      task.tell(peer, new PeerOrder.OriginRevoked("somebody else reads it by now"));
      return;
    }
    task.notice("event=lease_returns from=" + holder.id);
    task.tell(holder, new PeerOrder.OriginRevoked("somebody came back who has read more of it"));
    released(holder, /* inVain= */ false, now);
    grant(peer, "you have read more of it than others", now);
    task.lease.bytesRead(peer.id, bytes, now);
  }

  /** The leaseholder is done, or gone: the lease is free again. */
  void released(Peer peer, boolean inVain, long now) {
    if (!task.lease.isHeldBy(peer.id)) {
      return;
    }
    if (inVain) {
      peer.leaseFailures++;
      peer.leaseBlockedUntil = now + task.settings.leaseBlockMillis();
      blockSeed(peer.host, now);
      cancelTrigger();
    }
    task.lease.release(inVain);
    if (peer.state == PeerState.BACK_TO_SOURCE && peer.extension) {
      peer.state = PeerState.RUNNING;
    }
    parenting.review(peer, now);
  }

  /** A peer could not read the origin. */
  void failed(Peer peer, OriginFailure failure, long now) {
    boolean leads = task.lease.isHeldBy(peer.id);
    lastFailure = failure;
    if (leads || peer.hasReadOrigin) {
      verdict.failed(peer.host.id(), failure, now);
    }
    released(peer, true, now);
    if (failure.isPermanent() && (leads || peer.hasReadOrigin)) {
      refuse(peer.download.headersKey(), failure, now);
    }
  }

  /**
   * The call to a seed has failed. Perhaps it had read all before it found that wrong, so that it
   * holds no lease any more: it is not asked again for now, or it would read all again.
   */
  void triggerFailed(long trigger, OriginFailure failure, long now) {
    HostId called = calls.remove(trigger);
    if (called != null) {
      blockedSeeds.put(called, now + task.settings.seedBlockMillis());
    }
    if (!OptionalLong.of(trigger).equals(task.lease.trigger())) {
      return;
    }
    lastFailure = failure;
    String headers = triggerHeaders;
    switch (task.lease.state()) {
      case OriginLease.State.Free _ -> {}
      case OriginLease.State.Triggered triggered -> {
        verdict.failed(triggered.seed(), failure, now);
        task.lease.release(true);
      }
      case OriginLease.State.Held held -> {
        Peer peer = task.peers.get(held.peer());
        if (peer != null) {
          if (peer.extension) {
            task.tell(peer, new PeerOrder.OriginRevoked("the call that triggered you has failed"));
          }
          released(peer, true, now);
        }
      }
    }
    task.notice("event=seed_trigger_failed why=" + failure.text());
    if (failure.isPermanent()) {
      refuse(headers, failure, now);
    }
  }

  /** The seed's host: it ended its call well; empty when that call is not the lease's. */
  Optional<HostId> triggerFinished(long trigger) {
    calls.remove(trigger);
    if (task.lease.state() instanceof OriginLease.State.Triggered triggered
        && triggered.trigger() == trigger) {
      task.lease.release(false);
      return Optional.of(triggered.seed());
    }
    return Optional.empty();
  }

  /** A seed ended its call and yet nobody knows of it as a holder. */
  void seedWasUseless(HostId seed, long now) {
    blockedSeeds.put(seed, now + task.settings.seedBlockMillis());
  }

  private void reconsider(long now) {
    OriginLease.State state = task.lease.state();
    Peer holder = state instanceof OriginLease.State.Held held ? task.peers.get(held.peer()) : null;
    boolean selfish = holder != null && !holder.host.facts().offers();
    if (!selfish && !task.lease.isOverdue(now)) {
      return;
    }
    if (task.active.isEmpty()) {
      moveOn(state, holder, now);
      return;
    }
    Optional<Peer> other = candidate(now).filter(peer -> !selfish || peer.host.facts().offers());
    if (other.isEmpty() && (selfish || demander().isEmpty() || !hasOtherSeed(now))) {
      if (task.lease.isOverdue(now)) {
        task.lease.extend(now);
      }
      return;
    }
    moveOn(state, holder, now);
  }

  private void moveOn(OriginLease.State state, @Nullable Peer holder, long now) {
    task.notice("event=lease_moves_on from=" + (holder == null ? state : holder.id));
    if (holder != null) {
      // Who did not even answer has tried nothing.
      boolean tried = !holder.extension || task.lease.bytesRead() >= 0;
      if (tried && task.lease.isOverdue(now)) {
        verdict.failed(holder.host.id(), SILENT, now);
      }
      if (holder.extension) {
        task.tell(holder, new PeerOrder.OriginRevoked("no progress, somebody else reads it"));
      }
      released(holder, true, now);
      return;
    }
    if (state instanceof OriginLease.State.Triggered triggered) {
      blockedSeeds.put(triggered.seed(), now + task.settings.seedBlockMillis());
      cancelTrigger();
      task.lease.release(true);
    }
  }

  /** Whether a seed or somebody who takes part may read the origin, now or later, for this peer. */
  boolean mayBeRead(Peer peer) {
    boolean bySeed =
        seedTries < MAX_SEED_TRIES
            && !peer.host.facts().seed()
            && hosts.chooseSeed(task.id, Set.of()).isPresent();
    return bySeed
        || task.active.stream()
            .anyMatch(other ->
                isPossible(other) && other.leaseFailures < task.settings.maxLeaseFailures());
  }

  private boolean hasOtherSeed(long now) {
    return seedTries < MAX_SEED_TRIES && hosts.chooseSeed(task.id, excludedSeeds(now)).isPresent();
  }

  private void cancelTrigger() {
    task.lease
        .trigger()
        .ifPresent(trigger -> task.effects().add(new SwarmAction.CancelTrigger(trigger)));
  }

  private void blockSeed(Host host, long now) {
    if (host.facts().seed()) {
      blockedSeeds.put(host.id(), now + task.settings.seedBlockMillis());
    }
  }

  private Set<HostId> excludedSeeds(long now) {
    blockedSeeds.values().removeIf(until -> until <= now);
    return new HashSet<>(blockedSeeds.keySet());
  }

  /** The first who needs the origin. */
  private Optional<Peer> demander() {
    if (task.isLengthKnown() && offers.counts().coversAll(task.pieceCount())) {
      return starving.stream().filter(OriginDesk::isPossible).findFirst();
    }
    return task.active.stream()
        .filter(
            peer -> peer.canBeTold() && !peer.refused && (lacks(peer) || starving.contains(peer)))
        .findFirst();
  }

  private Optional<Peer> candidate(long now) {
    return task.active.stream()
        .filter(peer -> canLead(peer, now))
        .min(
            Comparator.comparing((Peer peer) -> !peer.host.facts().offers())
                .thenComparingInt(peer -> peer.leaseFailures)
                .thenComparing(peer -> !peer.extension)
                .thenComparingInt(peer -> -peer.held)
                .thenComparingLong(peer -> peer.createdAt));
  }

  private static boolean isPossible(Peer peer) {
    return peer.canBeTold()
        && !peer.refused
        && peer.host.facts().announced()
        && !peer.host.facts().quarantined()
        && !peer.download.disableBackToSource();
  }

  private boolean canLead(Peer peer, long now) {
    return isPossible(peer)
        && !task.lease.isHeldBy(peer.id)
        && peer.leaseFailures < task.settings.maxLeaseFailures()
        && peer.leaseBlockedUntil <= now
        && (lacks(peer) || starving.contains(peer));
  }

  /** A seed that takes part already is the first to read. */
  private boolean leadSeed(long now) {
    Optional<Peer> seed =
        task.active.stream()
            .filter(peer ->
                peer.host.facts().seed() && peer.host.facts().offers() && canLead(peer, now))
            .findFirst();
    seed.ifPresent(peer -> grant(peer, "you are a seed and nobody holds what is missing", now));
    return seed.isPresent();
  }

  private boolean trigger(Peer demander, long now) {
    if (seedTries >= MAX_SEED_TRIES
        || demander.download.encoded().isEmpty()
        || demander.host.facts().seed()) {
      return false;
    }
    Optional<Host> seed = hosts.chooseSeed(task.id, excludedSeeds(now));
    Optional<HostAnnouncement> address = seed.flatMap(Host::announcement);
    if (address.isEmpty()) {
      return false;
    }
    long trigger = triggerIds.getAsLong();
    seedTries++;
    calls.put(trigger, address.get().id());
    triggerHeaders = demander.download.headersKey();
    task.lease.trigger(address.get().id(), trigger, seed.get().facts().extension(), now);
    task.effects()
        .add(
            new SwarmAction.TriggerSeed(
                task.id, trigger, address.get(), demander.download.encoded()));
    return true;
  }

  private void grant(Peer peer, String why, long now) {
    long pieceLength = task.content().map(ContentInfo::pieceLength).orElse(0L);
    task.lease.grant(peer.id, peer.extension, pieceLength, now);
    peer.hasReadOrigin = true;
    peer.trunk = null;
    peer.complainedAt = 0;
    starving.remove(peer);
    task.notice("event=lease_granted peer=" + peer.id);
    if (peer.extension) {
      peer.state = PeerState.BACK_TO_SOURCE;
      task.tell(peer, new PeerOrder.OriginLease(why, offers.counts().held(task.pieceCount())));
    } else {
      peer.pending = false;
      peer.answers++;
      offers.unlinkParents(peer);
      task.tell(peer, new PeerOrder.NeedBackToSource(why));
    }
    offers.refresh(peer);
    parenting.review(peer, now);
    // A new root: those who lost the way to one may find it again.
    offers.retry();
  }

  /**
   * Several hosts found that the origin can't be read. Who lacks what nobody holds need not wait;
   * who still gets pieces of parents goes on with these.
   */
  private void tellUnreadable(OriginFailure failure, long now) {
    task.notice("event=origin_unreadable status=" + failure.status().orElse(0));
    for (Peer peer : List.copyOf(task.active)) {
      if (peer.canBeTold() && !peer.refused && lacks(peer) && !isServed(peer)) {
        tellRefusal(peer, failure, now);
      }
    }
  }

  /** Whether some parent of it holds a piece that it lacks. */
  private boolean isServed(Peer peer) {
    for (Peer parent : peer.parents) {
      if (parent.offered && parent.complete) {
        return true;
      }
      BitSet wanted = (BitSet) parent.pieces.clone();
      wanted.andNot(peer.pieces);
      if (parent.offered && !wanted.isEmpty()) {
        return true;
      }
    }
    return false;
  }

  private void tellRefusal(Peer peer, OriginFailure failure, long now) {
    peer.refused = true;
    if (peer.extension) {
      task.tell(peer, new PeerOrder.OriginRefused(failure));
    } else {
      end(peer, EndCode.FAILED_PRECONDITION, failure.text());
    }
    parenting.review(peer, now);
  }

  private void refuse(String headersKey, OriginFailure failure, long now) {
    task.notice("event=origin_refused status=" + failure.status().orElse(0));
    for (Peer peer : List.copyOf(task.active)) {
      if (!peer.canBeTold()
          || peer.refused
          || !peer.download.headersKey().equals(headersKey)
          || !lacks(peer)) {
        continue;
      }
      tellRefusal(peer, failure, now);
    }
  }

  /**
   * Nobody is left who could read the origin. Whoever may not have tried often enough is waited
   * for.
   */
  private void giveUp() {
    OriginFailure failure = lastFailure;
    if (failure == null) {
      return;
    }
    boolean hope =
        task.active.stream()
            .anyMatch(peer ->
                isPossible(peer)
                    && peer.leaseFailures < task.settings.maxLeaseFailures()
                    && lacks(peer));
    if (hope) {
      return;
    }
    for (Peer peer : List.copyOf(task.active)) {
      if (peer.canBeTold() && lacks(peer)) {
        // Not UNAVAILABLE: that would say that the scheduler is.
        end(peer, EndCode.FAILED_PRECONDITION, failure.text());
      }
    }
  }

  private void end(Peer peer, EndCode code, String text) {
    task.effects().add(new SwarmAction.End(peer.session, code, text));
    peer.session = 0;
    peer.pending = false;
    peer.state = PeerState.FAILED;
    task.active.remove(peer);
    starving.remove(peer);
    offers.unlinkParents(peer);
    offers.refresh(peer);
    parenting.review(peer, 0);
  }
}
