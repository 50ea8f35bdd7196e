package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.common.piece.TinyContent;
import io.dragonfly.scheduler.origin.OriginFailure;
import java.util.BitSet;
import java.util.List;
import java.util.SortedMap;

/** What a peer is told. The first seven go to peers of ours, the last four to upstream ones. */
public sealed interface PeerOrder {
  record Content(ContentInfo content) implements PeerOrder {}

  /** The whole set of parents from now on; may be empty. */
  record Parents(List<ParentView> parents) implements PeerOrder {}

  /** Read the pieces that nobody holds; {@code held} are held. */
  record OriginLease(String why, BitSet held) implements PeerOrder {}

  record OriginRevoked(String why) implements PeerOrder {}

  record Roots(SortedMap<Integer, PieceRoot> roots) implements PeerOrder {}

  record OriginRefused(OriginFailure failure) implements PeerOrder {}

  /** The content itself: no parents are needed. */
  record Tiny(TinyContent content) implements PeerOrder {}

  /** The answer to a registration or a reschedule; never empty. */
  record Candidates(TaskView task, List<ParentView> parents) implements PeerOrder {}

  record NeedBackToSource(String why) implements PeerOrder {}

  record EmptyTask() implements PeerOrder {}

  record MetadataOnly() implements PeerOrder {}
}
