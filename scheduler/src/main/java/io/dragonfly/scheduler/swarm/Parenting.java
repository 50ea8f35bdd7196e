package io.dragonfly.scheduler.swarm;

import io.dragonfly.scheduler.origin.OriginLease;
import io.dragonfly.scheduler.placement.RandomSet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Who takes pieces from whom in one task. Guarded by the lock of the task.
 *
 * <p>Each child has one trunk among its parents. Following trunks ends at a holder of everything or
 * at the leaseholder, so what a child lacks can always reach it. The other parents are near to
 * random: together they come close to a random regular graph with a bias to the child's place.
 *
 * <p>Cycles: peers of ours exchange pieces both ways. An upstream child waits for its parents to
 * end, so it must never wait for itself: an upstream child takes no parent that descends from it,
 * and a peer of ours takes an upstream parent only while that one has no parents itself. So a path
 * from an upstream child upwards either stays among upstream peers, where descendants are excluded,
 * or enters ours, which it leaves only into upstream peers without parents.
 *
 * <p>A child without a trunk is in {@code waiting}, one of ours with fewer parents than it may have
 * in {@code wishing}; both are tried again when a place opens.
 */
final class Parenting {
  private static final int VAIN_TRIES = 8;
  private static final int MAX_DEPTH = 10_000;

  private final Task task;
  private final Offers offers;
  private final Candidates candidates;
  private final Set<Peer> waiting = new LinkedHashSet<>();
  private final RandomSet<Peer> wishing = new RandomSet<>();

  Parenting(Task task, Offers offers, Candidates candidates) {
    this.task = task;
    this.offers = offers;
    this.candidates = candidates;
  }

  /** Children without a way to a holder or the leaseholder, the longest waiting first. */
  Set<Peer> waiting() {
    return waiting;
  }

  /** Puts the child into the sets it belongs to, after anything about it changed. */
  void review(Peer child, long now) {
    boolean wants = child.canBeTold() && !child.refused && !child.complete;
    if (wants && child.trunk == null && !isRoot(child)) {
      if (waiting.add(child)) {
        child.waitingSince = now;
      }
    } else if (waiting.remove(child)) {
      child.waitingSince = 0;
    }
    if (wants && child.extension && child.parents.size() < mostParents(child)) {
      wishing.add(child);
    } else {
      wishing.remove(child);
    }
  }

  private int mostParents(Peer child) {
    int limit = task.limits.candidateParents();
    return child.extension ? Math.max(limit, task.settings.ourParents()) : limit;
  }

  /** A holder of everything, or the leaseholder: where trunks end. */
  boolean isRoot(Peer peer) {
    return (peer.complete && peer.offered) || task.lease.isHeldBy(peer.id);
  }

  /** Tries to give the child what it lacks; true when it got a parent. */
  boolean place(Peer child, long now) {
    boolean wantsTrunk = child.trunk == null && !isRoot(child);
    int room = mostParents(child) - child.parents.size();
    if (!child.canBeTold() || child.refused || child.complete || (room <= 0 && !wantsTrunk)) {
      return false;
    }
    boolean placed = child.parents.isEmpty() && mixIn(child, mostParents(child), now);
    Set<Peer> descendants = Candidates.descendants(child);
    List<Peer> found = candidates.withPlace(child, descendants, now);
    if (child.trunk == null && wantsTrunk) {
      regrow(child);
      placed |= child.trunk == null && growTrunk(child, found, descendants, now);
      if (child.trunk == null && !child.extension && isTrunkPossible()) {
        review(child, now);
        return false;
      }
    }
    for (Peer candidate : found) {
      if (child.parents.size() >= mostParents(child)) {
        break;
      }
      placed |= !child.parents.contains(candidate) && offers.link(candidate, child);
    }
    placed |= mixIn(child, mostParents(child) / 2, now);
    review(child, now);
    return placed;
  }

  /**
   * Gives the child so many parents, each drawn from all that are offered. One without a free place
   * gives it that of a child which can do without, and the newcomer steps between the two: so the
   * graph stays random and regular, as if all had come at once, and its ways short. If newcomers
   * took free places only, which those have that came just before, the swarm would be a strip as
   * wide as a peer has children, and as long as it is large.
   */
  private boolean mixIn(Peer child, int enough, long now) {
    if (!child.extension || child.parents.size() >= enough) {
      return false;
    }
    boolean placed = false;
    boolean root = isRoot(child);
    for (Peer parent : candidates.drawn(child, mostParents(child), now)) {
      if (child.parents.size() >= enough) {
        break;
      }
      if (root || depth(parent, child) >= 0) {
        placed |= offers.hasPlace(parent) ? link(parent, child) : stepIn(parent, child, now);
      }
    }
    if (!root) {
      shortenTrunk(child);
    }
    return placed;
  }

  private boolean stepIn(Peer parent, Peer child, long now) {
    Optional<Peer> rich = rich(parent);
    if (rich.isEmpty()) {
      return false;
    }
    offers.unlink(parent, rich.get());
    boolean placed = link(parent, child);
    if (offers.hasPlace(child) && candidates.isEligible(child, rich.get(), Set.of(), now)) {
      offers.link(child, rich.get());
    }
    review(rich.get(), now);
    return placed;
  }

  private boolean link(Peer parent, Peer child) {
    boolean linked = offers.link(parent, child);
    regrow(child);
    return linked;
  }

  /** A child of the parent that can do without it. */
  private Optional<Peer> rich(Peer parent) {
    return parent.children.stream()
        .filter(child ->
            child.extension
                && child.trunk != parent
                && child.parents.size() > mostParents(child) / 2 + 1)
        .max(Comparator.comparingInt(child -> child.parents.size()));
  }

  /**
   * Gives the child a holder of everything where it has none, in place of another parent when it
   * has as many as it may have: what comes through others does not suffice.
   */
  boolean placeAtHolder(Peer child, long now) {
    if (!child.extension || !child.canBeTold() || child.complete) {
      return false;
    }
    for (Peer parent : child.parents) {
      if (parent.complete) {
        return false;
      }
    }
    for (Peer holder : offers.holders().sample(task.limits.filterParents(), task.random)) {
      if (!offers.hasPlace(holder) || !candidates.isEligible(holder, child, Set.of(), now)) {
        continue;
      }
      if (child.parents.size() >= mostParents(child)) {
        offers.unlink(child.parents.iterator().next(), child);
      }
      if (offers.link(holder, child)) {
        if (!isRoot(child)) {
          offers.trunk(child, holder);
        }
        review(child, now);
        return true;
      }
    }
    return false;
  }

  /** Gives places that opened to those who wait, then to those who wish for more. */
  void placeAll(int opened, long now) {
    int vain = 0;
    for (Peer child : List.copyOf(waiting)) {
      if (offers.open().isEmpty() || vain > VAIN_TRIES) {
        break;
      }
      if (place(child, now)) {
        vain = 0;
      } else if (waiting.remove(child)) {
        waiting.add(child);
        vain++;
      }
    }
    for (Peer child : wishing.sample(opened * task.settings.normalFanOut(), task.random)) {
      if (offers.open().isEmpty()) {
        break;
      }
      place(child, now);
    }
  }

  /** After an edge went: the parent nearest to a root becomes the trunk, if one can. */
  void regrow(Peer child) {
    if (child.trunk == null && !isRoot(child)) {
      shortenTrunk(child);
    }
  }

  private void shortenTrunk(Peer child) {
    Peer best = null;
    int least = Integer.MAX_VALUE;
    for (Peer parent : child.parents) {
      int depth = depth(parent, child);
      if (depth >= 0 && depth < least) {
        best = parent;
        least = depth;
      }
    }
    if (best != null) {
      offers.trunk(child, best);
    }
  }

  /**
   * Steps along trunks to a root; -1 when there is none, or when the way leads through {@code
   * avoid}.
   */
  int depth(Peer from, Peer avoid) {
    Peer at = from;
    for (int depth = 0; at != null && depth < MAX_DEPTH; depth++) {
      if (at == avoid) {
        return -1;
      }
      if (isRoot(at)) {
        return depth;
      }
      at = at.trunk;
    }
    return -1;
  }

  private boolean isTrunkPossible() {
    return !offers.holders().isEmpty() || !(task.lease.state() instanceof OriginLease.State.Free);
  }

  private boolean growTrunk(Peer child, List<Peer> found, Set<Peer> descendants, long now) {
    List<Peer> anchors = new ArrayList<>();
    for (Peer candidate : found) {
      if (depth(candidate, child) >= 0) {
        anchors.add(candidate);
      }
    }
    if (anchors.isEmpty()) {
      // The sample missed them: look at the roots themselves, then at more of those with a place.
      roots().stream()
          .filter(
              root -> offers.hasPlace(root) && candidates.isEligible(root, child, descendants, now))
          .forEach(anchors::add);
    }
    if (anchors.isEmpty()) {
      offers.open().sample(Candidates.SCAN, task.random).stream()
          .filter(peer ->
              candidates.isEligible(peer, child, descendants, now) && depth(peer, child) >= 0)
          .forEach(anchors::add);
    }
    for (Peer anchor : anchors) {
      if (offers.link(anchor, child)) {
        offers.trunk(child, anchor);
        return true;
      }
    }
    return false;
  }

  private List<Peer> roots() {
    List<Peer> roots =
        new ArrayList<>(offers.holders().sample(task.limits.filterParents(), task.random));
    if (task.lease.state() instanceof OriginLease.State.Held held) {
      Optional.ofNullable(task.peers.get(held.peer()))
          .filter(peer -> peer.offered)
          .ifPresent(roots::add);
    }
    return roots;
  }
}
