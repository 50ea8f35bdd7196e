package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.common.piece.TinyContent;
import io.dragonfly.scheduler.origin.OriginFailure;
import java.util.List;
import java.util.Optional;

/** What a peer says after its registration. */
public sealed interface PeerReport {
  /** Upstream: it takes pieces from the parents it was given. */
  record Started() implements PeerReport {}

  /** Upstream: it reads the origin. */
  record OriginStarted() implements PeerReport {}

  /**
   * Upstream: a round is over and pieces are missing; {@code tried} are not asked again for a
   * while.
   */
  record Reschedule(List<PeerId> tried) implements PeerReport {}

  /** Ours: it can't go on with the parents it has. */
  record ParentsWanted(List<PeerId> unwanted) implements PeerReport {}

  /** Pieces that it now holds. */
  record PiecesDone(List<DonePiece> pieces) implements PeerReport {}

  /** A piece did not come from this parent. */
  record PieceFailed(int number, PeerId parent, FailureReason reason) implements PeerReport {}

  /** The leaseholder looked at the origin. */
  record ContentLearned(ContentInfo content) implements PeerReport {}

  /** All bytes of a content that is small enough to be handed out with the answer. */
  record Tiny(TinyContent content) implements PeerReport {}

  /** The leaseholder has read so much. */
  record OriginProgress(long bytes) implements PeerReport {}

  /** The leaseholder could not read the origin. */
  record OriginFailed(OriginFailure failure) implements PeerReport {}

  /** Everything that was wanted is there. {@code fromOrigin}: upstream's word for how. */
  record Finished(boolean fromOrigin) implements PeerReport {}

  /** The download has failed. */
  record Failed(String why, boolean fromOrigin) implements PeerReport {}

  /**
   * A piece that is held now.
   *
   * @param root set by whoever read the piece from the origin
   * @param parent where it came from; empty: the origin
   */
  record DonePiece(int number, Optional<PieceRoot> root, Optional<PeerId> parent) {}
}
