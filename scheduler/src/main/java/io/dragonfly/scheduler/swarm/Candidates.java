package io.dragonfly.scheduler.swarm;

import io.dragonfly.scheduler.placement.Rating;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Who may become a parent of whom in one task, and who is worth most. Guarded by its lock. */
final class Candidates {
  /** Where a first sample was in vain, so many are looked at. */
  static final int SCAN = 512;

  /** So many are drawn for each parent that is wanted, so that some are near. */
  private static final int DRAWN = 3;

  private final Task task;
  private final Offers offers;

  Candidates(Task task, Offers offers) {
    this.task = task;
    this.offers = offers;
  }

  /** A sample of those with a free place, the best first. */
  List<Peer> withPlace(Peer child, Set<Peer> descendants, long now) {
    List<Peer> found = new ArrayList<>();
    for (Peer peer : offers.open().sample(task.limits.filterParents(), task.random)) {
      if (isEligible(peer, child, descendants, now)) {
        found.add(peer);
      }
    }
    if (found.isEmpty() && child.parents.isEmpty()) {
      for (Peer peer : offers.open().sample(SCAN, task.random)) {
        if (isEligible(peer, child, descendants, now)) {
          found.add(peer);
        }
      }
    }
    return bestFirst(child, found);
  }

  /** A sample of all that are offered, with a free place or without one, the best first. */
  List<Peer> drawn(Peer child, int wanted, long now) {
    int sample = Math.max(task.limits.filterParents(), DRAWN * wanted);
    List<Peer> found = new ArrayList<>(offers.offered().sample(sample, task.random));
    found.removeIf(peer -> !isEligible(peer, child, Set.of(), now));
    return bestFirst(child, found);
  }

  private List<Peer> bestFirst(Peer child, List<Peer> found) {
    Map<Peer, Double> ratings = new HashMap<>();
    for (Peer peer : found) {
      double load = (double) peer.children.size() / offers.fanOut(peer);
      ratings.put(
          peer,
          Rating.of(child.host.facts().place(), peer.host.facts().place(), load, task.random));
    }
    found.sort(Comparator.comparingDouble((Peer peer) -> -ratings.getOrDefault(peer, 0.0)));
    return found;
  }

  /** Whether anybody could serve this child, had he a place free. Looks at a bounded sample. */
  boolean canBeServed(Peer child, long now) {
    Set<Peer> descendants = descendants(child);
    return offers.offered().sample(SCAN, task.random).stream()
        .anyMatch(parent -> parent.held > 0 && isEligible(parent, child, descendants, now));
  }

  /** Whether another offers a piece, be it that it can't serve this child now. */
  boolean hasOtherHolder(Peer child) {
    return offers.offered().sample(SCAN, task.random).stream()
        .anyMatch(parent -> parent != child && parent.held > 0);
  }

  /** Whether the child may have that parent, be there a free place or not. */
  boolean isEligible(Peer parent, Peer child, Set<Peer> descendants, long now) {
    if (parent == child
        || !parent.offered
        || parent.host == child.host
        || child.parents.contains(parent)
        || child.isBlocked(parent.host.id(), now)) {
      return false;
    }
    if (!child.extension && parent.held == 0) {
      return false; // It would wait for a whole piece.
    }
    if (child.extension) {
      return parent.extension || isSource(parent);
    }
    return !descendants.contains(parent);
  }

  /** An upstream peer that takes nothing from others. */
  private static boolean isSource(Peer peer) {
    return peer.parents.isEmpty()
        && (peer.state == PeerState.BACK_TO_SOURCE || peer.state == PeerState.SUCCEEDED);
  }

  /** Who must not become a parent, lest the child wait for itself: none where that is of ours. */
  static Set<Peer> descendants(Peer child) {
    if (child.extension || child.children.isEmpty()) {
      return Set.of();
    }
    Set<Peer> seen = new HashSet<>();
    ArrayDeque<Peer> open = new ArrayDeque<>(child.children);
    while (!open.isEmpty()) {
      Peer peer = open.removeLast();
      if (seen.add(peer)) {
        open.addAll(peer.children);
      }
    }
    return seen;
  }
}
