package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.scheduler.origin.OriginFailure;
import io.dragonfly.scheduler.placement.Quarantine;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * One task's swarm: what comes in about it, and what everybody is told. The entry points are called
 * under the lock of the task; each ends in {@link #settle}, which brings lease, parents and roots
 * in line.
 */
final class TaskSwarm {
  private static final int SWEPT = 64;
  private static final int SETTLE_ROUNDS = 4;

  private final Task task;
  private final HostTable hosts;
  private final Offers offers;
  private final Candidates candidates;
  private final Parenting parenting;
  private final OriginDesk desk;
  private final Contents contents;
  private final PeerReports reports;

  /** Peers of ours whose parents changed since they were told. */
  private final Set<Peer> untold = new LinkedHashSet<>();

  private long rootsAt = Long.MIN_VALUE / 2;
  private volatile long nextDeadline = Long.MAX_VALUE;

  TaskSwarm(Task task, HostTable hosts, Quarantine quarantine, LongSupplier triggerIds) {
    this.task = task;
    this.hosts = hosts;
    this.offers = new Offers(task);
    this.candidates = new Candidates(task, offers);
    this.parenting = new Parenting(task, offers, candidates);
    this.desk = new OriginDesk(task, offers, parenting, hosts, triggerIds);
    this.contents = new Contents(task, offers, parenting);
    this.reports = new PeerReports(task, offers, parenting, desk, contents, quarantine);
  }

  Task task() {
    return task;
  }

  Offers offers() {
    return offers;
  }

  Parenting parenting() {
    return parenting;
  }

  /** When {@link #tick} has something to do; readable without the lock. */
  long nextDeadline() {
    return nextDeadline;
  }

  boolean isAvailable() {
    return !offers.offered().isEmpty();
  }

  // Events.

  /** The caller has counted the peer at its host. */
  void register(Registration registration, Host host, long now) {
    task.updatedAt = now;
    if (!registration.extension() && !host.facts().announced()) {
      refuse(registration, host, EndCode.NOT_FOUND, "host " + host.id() + " not found");
      return;
    }
    Peer known = task.peers.get(registration.peer());
    if (known == null && task.peers.size() >= task.settings.maxPeersPerTask()) {
      refuse(
          registration,
          host,
          EndCode.RESOURCE_EXHAUSTED,
          "task " + task.id + " has too many peers");
      return;
    }
    if (known != null && (known.host != host || known.extension != registration.extension())) {
      refuse(
          registration,
          host,
          EndCode.INVALID_ARGUMENT,
          "peer " + known.id + " is registered by host " + known.host.id());
      return;
    }
    Peer peer;
    if (known == null) {
      peer = enter(registration, host, now);
    } else {
      host.removePeer(task.id);
      peer = again(known, registration, now);
    }
    host.speaksExtension(registration.extension());
    if (registration.extension()) {
      registerOurs(peer, registration, now);
    } else {
      registerUpstream(peer, registration, now);
    }
    settle(now);
  }

  void report(PeerId id, long session, PeerReport report, long now) {
    Peer peer = task.peers.get(id);
    if (peer == null || peer.session != session) {
      return;
    }
    task.updatedAt = now;
    peer.updatedAt = now;
    reports.apply(peer, report, now);
    settle(now);
  }

  void streamLost(PeerId id, long session, long now) {
    Peer peer = task.peers.get(id);
    if (peer == null || peer.session != session) {
      return;
    }
    peer.session = 0;
    peer.pending = false;
    peer.lostAt = now;
    if (peer.state.isActive()) {
      reports.stopped(peer, /* inVain= */ true, now);
      task.lost.add(peer);
    }
    settle(now);
  }

  void triggerFailed(long trigger, OriginFailure failure, long now) {
    desk.triggerFailed(trigger, failure, now);
    settle(now);
  }

  /** A seed ended its call well. It holds the content, whether or not it said so here. */
  void triggerFinished(long trigger, Optional<ContentInfo> learned, long now) {
    Optional<HostId> seed = desk.triggerFinished(trigger);
    if (seed.isPresent() && !knowsHolderAt(seed.get())) {
      if (contents.takeFromSeed(learned)) {
        hosts
            .withPeer(seed.get(), task.id, task.limits.slots(true), now)
            .ifPresent(host -> recordHolder(host, now));
      } else {
        desk.seedWasUseless(seed.get(), now);
      }
    }
    settle(now);
  }

  /**
   * The host was announced, went into quarantine or came out of it, or changed whether it shares.
   */
  void hostChanged(HostId host, long now) {
    for (Peer peer : peersOf(host)) {
      offers.refresh(peer);
      parenting.review(peer, now);
    }
    offers.unpark();
    settle(now);
  }

  /** A slot came free somewhere. */
  void wake(long now) {
    offers.unpark();
    settle(now);
  }

  /** The host is gone, or dropped the task: all its peers leave. */
  void hostGone(HostId host, long now) {
    for (Peer peer : peersOf(host)) {
      leave(peer, now);
    }
    settle(now);
  }

  void peerGone(PeerId id, long now) {
    Peer peer = task.peers.get(id);
    if (peer != null) {
      leave(peer, now);
      settle(now);
    }
  }

  void limits(SwarmLimits limits) {
    task.limits = limits;
  }

  /** Deadlines. */
  void tick(long now) {
    sweepWaiting(now);
    for (Peer peer : List.copyOf(task.lost)) {
      if (now - peer.lostAt >= task.settings.graceMillis()) {
        leave(peer, now);
      }
    }
    offers.unpark();
    settle(now);
  }

  /** Forgets peers that nobody needs; true when the task itself may go. */
  boolean collect(long now) {
    for (Peer peer : List.copyOf(task.peers.values())) {
      long quiet = now - peer.updatedAt;
      switch (peer.state) {
        case SUCCEEDED -> leaveIf(peer, quiet > task.settings.peerMillis(), now);
        case FAILED, LEAVE -> leaveIf(peer, quiet > task.settings.graceMillis(), now);
        case RECEIVED_EMPTY, RECEIVED_NORMAL, RUNNING, BACK_TO_SOURCE ->
            leaveIf(
                peer,
                now - Math.max(peer.pieceAt, peer.updatedAt) > task.settings.idleMillis()
                    && !parenting.waiting().contains(peer),
                now);
      }
    }
    settle(now);
    return task.peers.isEmpty()
        && task.lease.isFree()
        && now - task.updatedAt > task.settings.taskMillis();
  }

  // Peers come and go.

  private Peer enter(Registration registration, Host host, long now) {
    for (Peer other : peersOf(host.id())) {
      // The host begins anew: what an ended download left there is gone, or is announced again.
      boolean over = other.session == 0 && (registration.extension() || other.complete);
      if (over || (other.session != 0 && isReplaced(other, registration))) {
        leave(other, now);
      }
    }
    Peer peer =
        new Peer(registration.peer(), host, registration.extension(), registration.download(), now);
    task.peers.put(peer.id, peer);
    task.byHost.computeIfAbsent(host.id(), key -> LinkedHashSet.newLinkedHashSet(1)).add(peer);
    peer.session = registration.session();
    peer.piecePort = registration.piecePort();
    return peer;
  }

  /**
   * Hosts of ours download a task once at a time. So the stream of another peer belongs to a daemon
   * that is no more, on a connection whose end nobody told us.
   */
  private static boolean isReplaced(Peer other, Registration registration) {
    return other.extension && registration.extension() && !wantsNothing(registration);
  }

  private static boolean wantsNothing(Registration registration) {
    return registration.holderOnly() || registration.download().metadataOnly();
  }

  private Peer again(Peer peer, Registration registration, long now) {
    if (peer.session != 0 && peer.session != registration.session()) {
      task.effects()
          .add(
              new SwarmAction.End(
                  peer.session, EndCode.ABORTED, "peer " + peer.id + " registered again"));
    }
    task.lost.remove(peer);
    offers.unlinkParents(peer);
    peer.toldParents = List.of();
    peer.session = registration.session();
    peer.piecePort = registration.piecePort();
    peer.download = registration.download();
    peer.refused = false;
    peer.updatedAt = now;
    peer.pieceAt = now;
    return peer;
  }

  private void registerUpstream(Peer peer, Registration registration, long now) {
    peer.state = PeerState.RECEIVED_NORMAL;
    DownloadSpec download = registration.download();
    long length = registration.content().flatMap(content -> known(content)).orElse(0L);
    if (length == 0 && !download.metadataOnly()) {
      peer.state = PeerState.RECEIVED_EMPTY;
      task.tell(peer, new PeerOrder.EmptyTask());
      return;
    }
    if (!contents.admit(peer, registration.content(), now)) {
      end(
          peer,
          EndCode.FAILED_PRECONDITION,
          "task " + task.id + " has another content now than this peer saw at the origin");
      return;
    }
    task.state = TaskState.RUNNING;
    if (download.metadataOnly()) {
      task.tell(peer, new PeerOrder.MetadataOnly());
      return;
    }
    peer.pending = true;
    join(peer, now);
  }

  private static Optional<Long> known(ContentInfo content) {
    return content.length().isPresent()
        ? Optional.of(content.length().getAsLong())
        : Optional.empty();
  }

  private void registerOurs(Peer peer, Registration registration, long now) {
    peer.state = PeerState.RUNNING;
    boolean same = contents.takeIn(peer, registration);
    if (wantsNothing(registration)) {
      if (peer.held > 0) {
        reports.finish(peer, now);
      }
      end(peer, EndCode.OK, "");
      return;
    }
    task.state = TaskState.RUNNING;
    if (!same) {
      contents.tellContent(peer);
    }
    if (!task.roots.isEmpty()) {
      task.tell(peer, new PeerOrder.Roots(task.roots.all()));
    }
    if (task.tiny().isPresent() && peer.held == 0 && !registration.download().needBackToSource()) {
      // It needs nobody; should it not be able to use this, it asks for parents.
      task.active.add(peer);
      task.tell(peer, new PeerOrder.Tiny(task.tiny().get()));
      return;
    }
    if (task.lease.isHeldBy(peer.id)) {
      peer.state = PeerState.BACK_TO_SOURCE;
      task.tell(
          peer,
          new PeerOrder.OriginLease("you had it before", offers.counts().held(task.pieceCount())));
    }
    join(peer, now);
  }

  /**
   * The peer takes part: it reads the origin if it was asked to, it gets parents if there are any.
   */
  private void join(Peer peer, long now) {
    task.active.add(peer);
    if (desk.grantTriggered(peer, now)) {
      if (peer.extension) {
        parenting.place(peer, now);
      }
      return;
    }
    if (task.lease.isFree() && desk.lacks(peer)) {
      int priority = task.limits.priority(peer.download);
      if (priority == 1 || priority == 2) {
        forbid(peer, priority);
        return;
      }
    }
    parenting.place(peer, now);
    parenting.review(peer, now);
  }

  /** Priority 1 forbids what nobody holds yet; 2 forbids to read the origin for it. */
  private void forbid(Peer peer, int priority) {
    if (peer.extension) {
      end(
          peer,
          EndCode.PERMISSION_DENIED,
          priority == 1
              ? "its priority, LEVEL1, forbids to download it"
              : "its priority, LEVEL2, allows it from other hosts only, and none holds it");
    } else if (priority == 1) {
      end(peer, EndCode.FAILED_PRECONDITION, "LEVEL1 peer is forbidden");
    } else {
      end(peer, EndCode.NOT_FOUND, "LEVEL2 peer not found candidate peers");
    }
  }

  private void refuse(Registration registration, Host host, EndCode code, String text) {
    host.removePeer(task.id);
    task.effects().left.add(host.id());
    task.effects().add(new SwarmAction.End(registration.session(), code, text));
  }

  private boolean knowsHolderAt(HostId host) {
    return peersOf(host).stream().anyMatch(peer -> peer.complete && peer.current);
  }

  private void recordHolder(Host host, long now) {
    String name = "recorded-" + host.id().value();
    PeerId id = new PeerId(name.substring(0, Math.min(name.length(), PeerId.MAX_LENGTH)));
    if (task.peers.containsKey(id)) {
      host.removePeer(task.id);
      return;
    }
    Peer peer = new Peer(id, host, host.facts().extension(), task.download, now);
    task.peers.put(id, peer);
    task.byHost.computeIfAbsent(host.id(), key -> LinkedHashSet.newLinkedHashSet(1)).add(peer);
    peer.current = true;
    offers.complete(peer);
    reports.finish(peer, now);
  }

  private void leave(Peer peer, long now) {
    if (task.peers.remove(peer.id) == null) {
      return;
    }
    if (peer.session != 0) {
      task.effects()
          .add(
              new SwarmAction.End(
                  peer.session, EndCode.NOT_FOUND, "peer " + peer.id + " was removed"));
      peer.session = 0;
    }
    peer.pending = false;
    reports.stopped(peer, /* inVain= */ true, now);
    peer.state = PeerState.LEAVE;
    offers.refresh(peer);
    if (offers.holders().isEmpty()) {
      task.tiny(null); // Nobody has it any more, and perhaps it was deleted for a reason.
    }
    task.lost.remove(peer);
    Set<Peer> others = task.byHost.get(peer.host.id());
    if (others != null && others.remove(peer) && others.isEmpty()) {
      task.byHost.remove(peer.host.id());
    }
    peer.host.removePeer(task.id);
    task.effects().left.add(peer.host.id());
  }

  private void leaveIf(Peer peer, boolean condition, long now) {
    if (condition) {
      leave(peer, now);
    }
  }

  /** Ends the stream of a peer that can't be served. */
  private void end(Peer peer, EndCode code, String text) {
    reports.end(peer, code, text);
  }

  private List<Peer> peersOf(HostId host) {
    return List.copyOf(task.byHost.getOrDefault(host, Set.of()));
  }

  // Time.

  private void sweepWaiting(long now) {
    SwarmSettings settings = task.settings;
    int swept = 0;
    for (Peer peer : List.copyOf(parenting.waiting())) {
      if (swept++ >= SWEPT) {
        break;
      }
      long waited = now - peer.waitingSince;
      if (!parenting.place(peer, now) && parenting.waiting().contains(peer)) {
        sweepOne(peer, waited, settings, now);
      }
    }
    for (Peer peer : List.copyOf(task.active)) {
      if (peer.complainedAt != 0 && now - peer.complainedAt >= settings.starvingMillis()) {
        desk.starving(peer, true);
      }
    }
  }

  private void sweepOne(Peer peer, long waited, SwarmSettings settings, long now) {
    if (!peer.host.facts().announced() && waited >= settings.unannouncedMillis()) {
      end(peer, EndCode.NOT_FOUND, "host " + peer.host.id() + " not found");
    } else if (!peer.extension && waited >= settings.maxHoldMillis()) {
      end(peer, EndCode.FAILED_PRECONDITION, "nobody could serve task " + task.id + " in time");
    } else if (peer.download.disableBackToSource()
        && task.lease.isFree()
        && waited >= (isHopeless(peer, now) ? settings.starvingMillis() : settings.noSourceMillis())
        && !candidates.canBeServed(peer, now)) {
      end(
          peer,
          EndCode.FAILED_PRECONDITION,
          "nobody holds task " + task.id + " and this peer may not read the origin");
    } else if (peer.parents.isEmpty() && waited >= settings.starvingMillis()) {
      desk.starving(peer, !candidates.canBeServed(peer, now));
    }
  }

  /** Nobody holds a piece or may read the origin for this peer, and no more hosts come. */
  private boolean isHopeless(Peer peer, long now) {
    return !candidates.hasOtherHolder(peer)
        && !desk.mayBeRead(peer)
        && task.lost.isEmpty()
        && now - hosts.lastAddedAt() >= task.settings.starvingMillis();
  }

  /** Brings everything in line after an event. */
  private void settle(long now) {
    for (int round = 0; round < SETTLE_ROUNDS; round++) {
      desk.step(now);
      absorb(now);
      int opened = offers.takeOpened();
      if (opened == 0) {
        break;
      }
      parenting.placeAll(opened, now);
    }
    absorb(now);
    tellParents();
    handOutRoots(now);
    nextDeadline = deadline(now);
  }

  /**
   * Children whose parents changed: they get a trunk again, or an answer, or are noted to be told.
   */
  private void absorb(long now) {
    for (int round = 0; round < SETTLE_ROUNDS; round++) {
      List<Peer> changed = offers.takeChanged();
      if (changed.isEmpty()) {
        return;
      }
      for (Peer child : changed) {
        parenting.regrow(child);
        if (child.trunk == null && round < SETTLE_ROUNDS - 1) {
          parenting.place(child, now);
        }
        parenting.review(child, now);
        if (child.extension) {
          untold.add(child);
        } else if (child.pending && !child.parents.isEmpty()) {
          answer(child, now);
        }
      }
    }
  }

  private void answer(Peer child, long now) {
    child.pending = false;
    child.answers++;
    task.tell(child, new PeerOrder.Candidates(task.view(isAvailable()), parents(child)));
    parenting.review(child, now);
  }

  private void tellParents() {
    for (Peer peer : untold) {
      List<PeerId> ids = peer.parents.stream().map(parent -> parent.id).toList();
      if (peer.isActive() && !ids.equals(peer.toldParents)) {
        peer.toldParents = ids;
        task.tell(peer, new PeerOrder.Parents(parents(peer)));
      }
    }
    untold.clear();
  }

  private static List<ParentView> parents(Peer peer) {
    List<ParentView> parents = new ArrayList<>();
    for (Peer parent : peer.parents) {
      parent
          .host
          .announcement()
          .ifPresent(host -> parents.add(new ParentView(parent.view(), host)));
    }
    return List.copyOf(parents);
  }

  private void handOutRoots(long now) {
    if (!task.roots.hasFresh() || now - rootsAt < task.settings.rootsMillis()) {
      return;
    }
    rootsAt = now;
    PeerOrder.Roots fresh = new PeerOrder.Roots(task.roots.takeFresh());
    for (Peer peer : task.active) {
      if (peer.extension) {
        task.tell(peer, fresh);
      }
    }
  }

  private long deadline(long now) {
    long next = task.lease.deadline();
    if (task.roots.hasFresh()) {
      next = Math.min(next, rootsAt + task.settings.rootsMillis());
    }
    if (!task.active.isEmpty() || !task.lost.isEmpty() || offers.hasParked()) {
      next = Math.min(next, now + task.settings.sweepMillis());
    }
    return next;
  }
}
