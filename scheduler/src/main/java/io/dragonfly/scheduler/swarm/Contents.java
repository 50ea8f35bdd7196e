package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.common.piece.TinyContent;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which version of the content a task has, who holds it, and what vouches for its pieces. Guarded
 * by the lock of the task.
 *
 * <p>Whoever read the origin decides: its word replaces another version, and everybody begins
 * again. From anybody else the first word counts, and a peer with another version is told the
 * task's. An upstream program knows no versions: equal length and piece length are the same content
 * to it.
 */
final class Contents {
  private final Task task;
  private final Offers offers;
  private final Parenting parenting;

  Contents(Task task, Offers offers, Parenting parenting) {
    this.task = task;
    this.offers = offers;
    this.parenting = parenting;
  }

  /** An upstream peer comes with what it saw at the origin; false when that is another content. */
  boolean admit(Peer peer, Optional<ContentInfo> seen, long now) {
    if (seen.isEmpty()) {
      return true;
    }
    Optional<ContentInfo> known = task.content().filter(content -> content.length().isPresent());
    if (known.isPresent() && !isSame(known.get(), seen.get())) {
      boolean inUse = task.active.stream().anyMatch(other -> other.extension && other != peer);
      if (inUse) {
        return false;
      }
      replace(peer, seen.get(), now);
    } else if (known.isEmpty()) {
      learn(peer, seen.get());
      tellOthers(peer);
    }
    peer.current = true;
    return true;
  }

  /**
   * A peer of ours comes with what its host holds.
   *
   * @return whether it knows all that the task knows of the content
   */
  boolean takeIn(Peer peer, Registration registration) {
    Optional<ContentInfo> said = registration.content();
    if (said.isPresent() && task.content().isEmpty()) {
      if (task.isEarly && !registration.holderOnly()) {
        task.awaitReturns(task.createdAt);
      }
      learn(peer, said.get());
      tellOthers(peer);
    }
    Optional<ContentInfo> known = task.content();
    if (said.isEmpty() || known.isEmpty() || !isSame(known.get(), said.get())) {
      offers.dropPieces(peer);
      peer.current = said.isEmpty() || known.isEmpty();
      return known.isEmpty();
    }
    if (improve(said.get())) {
      tellOthers(peer);
    }
    if (!peer.current || !stillHolds(registration.pieces(), peer)) {
      offers.dropPieces(peer);
    }
    peer.current = true;
    takeRoots(peer, registration.roots());
    for (int piece = registration.pieces().nextSetBit(0);
        piece >= 0 && piece < task.pieceCount();
        piece = registration.pieces().nextSetBit(piece + 1)) {
      offers.addPiece(peer, piece);
    }
    offers.refresh(peer);
    return said.equals(task.content());
  }

  private boolean stillHolds(BitSet pieces, Peer peer) {
    if (peer.complete) {
      return pieces.cardinality() >= task.pieceCount();
    }
    BitSet gone = (BitSet) peer.pieces.clone();
    gone.andNot(pieces);
    return gone.isEmpty();
  }

  /** The leaseholder, or somebody who thinks that it knows, says what the content is. */
  void learned(Peer peer, ContentInfo said, long now) {
    Optional<ContentInfo> known = task.content();
    if (known.isPresent() && isSame(known.get(), said)) {
      peer.current = true;
      if (improve(said)) {
        tellOthers(peer);
      }
    } else if (known.isEmpty()) {
      learn(peer, said);
      peer.current = true;
      tellOthers(peer);
    } else if (peer.hasReadOrigin) {
      replace(peer, said, now);
      tellOthers(peer);
    } else {
      offers.dropPieces(peer);
      tellContent(peer);
    }
  }

  /**
   * What a seed said of the content while it was triggered; false when the content is still
   * unknown.
   */
  boolean takeFromSeed(Optional<ContentInfo> learned) {
    if (!task.isLengthKnown() && learned.isPresent() && learned.get().length().isPresent()) {
      task.content(learned.get());
      for (Peer peer : task.active) {
        if (peer.extension) {
          peer.current = true;
          tellContent(peer);
        }
      }
    }
    return task.isLengthKnown() && task.pieceCount() > 0;
  }

  void tellContent(Peer peer) {
    task.content().ifPresent(content -> task.tell(peer, new PeerOrder.Content(content)));
  }

  /** Roots that a peer vouches for. Another value than the one handed out costs it its children. */
  void takeRoots(Peer peer, Map<Integer, PieceRoot> roots) {
    roots.forEach((piece, root) -> takeRoot(peer, piece, root));
  }

  void takeRoot(Peer peer, int piece, PieceRoot root) {
    if (piece < 0 || piece >= task.pieceCount() || task.roots.put(piece, root)) {
      return;
    }
    if (!peer.distrusted) {
      task.notice("event=root_conflict piece=" + piece + " peer=" + peer.id);
      peer.distrusted = true;
      offers.refresh(peer);
    }
  }

  /**
   * A peer says all bytes of the content. They are kept when they are those that the root vouches
   * for.
   */
  void takeTiny(Peer peer, TinyContent said) {
    Optional<PieceRoot> root = task.roots.find(0);
    if (peer.current
        && peer.complete
        && root.isPresent()
        && task.content().isPresent()
        && said.matches(task.content().get(), root.get())) {
      task.tiny(said);
    }
  }

  private void learn(Peer peer, ContentInfo said) {
    task.content(said);
    peer.current = true;
    for (Peer other : task.active) {
      other.current = true;
    }
  }

  /** Takes over what is new in a word about the same version: its length, its name, its guard. */
  private boolean improve(ContentInfo said) {
    ContentInfo known = task.content().orElseThrow();
    boolean better =
        (known.length().isEmpty() && said.length().isPresent())
            || (known.version().isEmpty() && !said.version().isEmpty());
    boolean guards = said.isGuarded() && !known.isGuarded();
    if (better) {
      ContentInfo content = said.length().isPresent() ? said : withLength(said, known);
      task.content(content.guardedBy(known.guard()));
    } else if (guards) {
      task.content(known.guardedBy(said.guard()));
    }
    return better || guards;
  }

  private static ContentInfo withLength(ContentInfo said, ContentInfo known) {
    return new ContentInfo(known.length(), known.pieceLength(), said.version(), said.headers());
  }

  private void replace(Peer by, ContentInfo said, long now) {
    task.notice("event=content_replaced by=" + by.id);
    for (Peer peer : List.copyOf(task.peers.values())) {
      offers.dropPieces(peer);
      peer.distrusted = false;
      offers.unlinkParents(peer);
    }
    task.roots.clear();
    task.tiny(null);
    boolean piecesKnown = task.isLengthKnown();
    task.content(said);
    for (Peer peer : List.copyOf(task.active)) {
      // Reports of the old version may be under way: the others count again when they register
      // with the new one, as ours do when they are told; an upstream peer learns it when it asks.
      peer.current = peer == by || (peer.extension && !piecesKnown);
      if (!peer.current) {
        peer.pieceAt = now;
      }
      parenting.review(peer, now);
    }
  }

  private void tellOthers(Peer by) {
    for (Peer peer : task.active) {
      if (peer != by && peer.extension) {
        tellContent(peer);
      }
    }
  }

  private static boolean isSame(ContentInfo known, ContentInfo said) {
    boolean sameVersion =
        known.version().equals(said.version())
            || known.version().isEmpty()
            || said.version().isEmpty();
    if (known.length().isEmpty() || said.length().isEmpty()) {
      return sameVersion;
    }
    return sameVersion
        && known.length().equals(said.length())
        && known.pieceLength() == said.pieceLength();
  }
}
