package io.dragonfly.scheduler.swarm;

import io.dragonfly.scheduler.placement.PieceCounts;
import io.dragonfly.scheduler.placement.RandomSet;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The usable parents of one task and the edges to their children.
 *
 * <p>A parent is offered when it has a piece of the present version, or is one of ours that gets
 * pieces from such a parent and passes on what comes in; its host is announced, shares and is not
 * in quarantine. Of those, {@code open} has the ones with a free place: a decision samples it and
 * does not look at the others. An edge takes a slot of the parent's host and gives it back exactly
 * once, when the edge goes. Guarded by the lock of the task.
 */
final class Offers {
  private final Task task;
  private final PieceCounts counts = new PieceCounts();
  private final RandomSet<Peer> offered = new RandomSet<>();
  private final RandomSet<Peer> open = new RandomSet<>();
  private final RandomSet<Peer> holders = new RandomSet<>();

  /** Offered, but their hosts are full with other tasks. */
  private final Set<Peer> parked = new LinkedHashSet<>();

  /** Children whose parents changed since the last look. */
  private final Set<Peer> changed = new LinkedHashSet<>();

  /** What they are offered for may have changed. */
  private final Deque<Peer> stale = new ArrayDeque<>();

  private boolean refreshing;
  private int opened;

  Offers(Task task) {
    this.task = task;
  }

  PieceCounts counts() {
    return counts;
  }

  RandomSet<Peer> offered() {
    return offered;
  }

  RandomSet<Peer> open() {
    return open;
  }

  /** Those that have everything. */
  RandomSet<Peer> holders() {
    return holders;
  }

  boolean hasParked() {
    return !parked.isEmpty();
  }

  /** How many parents got a free place since the last call. */
  int takeOpened() {
    int taken = opened;
    opened = 0;
    return taken;
  }

  /** Children whose parents changed since the last call. */
  List<Peer> takeChanged() {
    List<Peer> taken = new ArrayList<>(changed);
    changed.clear();
    return taken;
  }

  /** Children whose parents changed since the last {@link #takeChanged}. */
  Set<Peer> peekChanged() {
    return changed;
  }

  int fanOut(Peer parent) {
    return parent.host.facts().seed() ? task.settings.seedFanOut() : task.settings.normalFanOut();
  }

  boolean hasPlace(Peer parent) {
    return parent.children.size() < fanOut(parent);
  }

  /**
   * Brings {@code peer.offered} in line with what is known of the peer and its host, and that of
   * those who relay what comes through it. In a swarm that has just begun that may be everybody,
   * one behind the other, so they are taken from a queue.
   */
  void refresh(Peer peer) {
    stale.add(peer);
    if (refreshing) {
      return;
    }
    refreshing = true;
    try {
      for (Peer next = stale.poll(); next != null; next = stale.poll()) {
        refreshNow(next);
      }
    } finally {
      refreshing = false;
    }
  }

  private void refreshNow(Peer peer) {
    boolean usable =
        peer.current
            && !peer.distrusted
            && (peer.complete ? task.pieceCount() > 0 : peer.held > 0 || isRelay(peer))
            && (peer.state == PeerState.RUNNING
                || peer.state == PeerState.BACK_TO_SOURCE
                || peer.state == PeerState.SUCCEEDED)
            && peer.host.facts().offers();
    if (usable && !peer.offered) {
      offer(peer);
    } else if (!usable && peer.offered) {
      withdraw(peer);
    }
  }

  /**
   * Whether it passes on blocks of pieces that it does not have yet: it gets some, of a parent that
   * has them, or along its trunk, which never leads in a circle. So a swarm that has just begun is
   * as wide as one that has long been going.
   */
  private static boolean isRelay(Peer peer) {
    Peer trunk = peer.trunk;
    return peer.extension
        && ((trunk != null && trunk.offered)
            || peer.parents.stream().anyMatch(parent -> parent.held > 0));
  }

  /** Along this parent the child reaches a holder or the leaseholder. */
  void trunk(Peer child, Peer parent) {
    child.trunk = parent;
    if (child.held == 0) {
      refresh(child);
    }
  }

  /** The parent can be used now, and its children get something to pass on. */
  private void refreshRelays(Peer parent) {
    for (Peer child : List.copyOf(parent.children)) {
      if (child.held == 0) {
        refresh(child);
      }
    }
  }

  private void offer(Peer peer) {
    peer.offered = true;
    offered.add(peer);
    if (peer.complete) {
      counts.addComplete();
      holders.add(peer);
    } else {
      counts.add(peer.pieces);
    }
    reopen(peer);
    refreshRelays(peer);
  }

  private void withdraw(Peer peer) {
    peer.offered = false;
    offered.remove(peer);
    open.remove(peer);
    parked.remove(peer);
    if (peer.complete) {
      counts.removeComplete();
      holders.remove(peer);
    } else {
      counts.remove(peer.pieces);
    }
    for (Peer child : List.copyOf(peer.children)) {
      unlink(peer, child);
    }
  }

  /** The peer holds this piece from now on. */
  void addPiece(Peer peer, int piece) {
    if (peer.complete || peer.pieces.get(piece)) {
      return;
    }
    peer.pieces.set(piece);
    peer.held++;
    if (peer.offered) {
      counts.add(piece);
    }
    if (task.isLengthKnown() && peer.held == task.pieceCount()) {
      complete(peer);
    }
    refresh(peer);
    if (peer.held == 1) {
      refreshRelays(peer);
    }
  }

  /** The peer holds everything from now on. */
  void complete(Peer peer) {
    if (peer.complete) {
      return;
    }
    if (peer.offered) {
      counts.remove(peer.pieces);
      counts.addComplete();
      holders.add(peer);
    }
    boolean first = peer.held == 0;
    peer.dropPieces();
    peer.complete = true;
    peer.held = task.pieceCount();
    peer.trunk = null;
    refresh(peer);
    if (first) {
      refreshRelays(peer);
    }
  }

  /** What the peer held is void. */
  void dropPieces(Peer peer) {
    peer.current = false;
    refresh(peer);
    peer.dropPieces();
  }

  /** Takes a place and a slot; false when there is none. */
  boolean link(Peer parent, Peer child) {
    if (!parent.offered || !hasPlace(parent)) {
      return false;
    }
    if (!parent.host.slots().tryReserve(task.id)) {
      open.remove(parent);
      parked.add(parent);
      return false;
    }
    parent.children.add(child);
    child.parents.add(parent);
    changed.add(child);
    if (child.held == 0) {
      refresh(child);
    }
    if (!hasPlace(parent)) {
      open.remove(parent);
    }
    return true;
  }

  void unlink(Peer parent, Peer child) {
    if (!parent.children.remove(child)) {
      return;
    }
    child.parents.remove(parent);
    changed.add(child);
    if (child.trunk == parent) {
      child.trunk = null;
    }
    task.effects().wakes.addAll(parent.host.slots().release());
    reopen(parent);
    if (child.held == 0) {
      refresh(child);
    }
  }

  void unlinkParents(Peer child) {
    for (Peer parent : List.copyOf(child.parents)) {
      unlink(parent, child);
    }
  }

  /** Slots may be free again: parked parents are tried anew. */
  void unpark() {
    for (Peer peer : List.copyOf(parked)) {
      reopen(peer);
    }
  }

  /**
   * Places or reaches may have changed for reasons outside this task: all that waits is tried
   * again.
   */
  void retry() {
    opened++;
  }

  private void reopen(Peer peer) {
    if (peer.offered && hasPlace(peer)) {
      parked.remove(peer);
      if (open.add(peer)) {
        opened++;
      }
    }
  }
}
