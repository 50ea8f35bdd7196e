package io.dragonfly.lab.sim;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.scheduler.swarm.PeerReport;
import io.dragonfly.scheduler.swarm.PeerState;
import io.dragonfly.scheduler.swarm.Swarm;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A mistake made on purpose, to see that it is noticed. */
enum Plant {
  NONE,
  /** The child forgets the root that a piece has to match. */
  ROOT_FORGOTTEN,
  /** The scheduler does not hear that a leaseholder is done, or gone. */
  LEASE_KEPT;

  Optional<PieceRoot> root(Optional<PieceRoot> known) {
    return this == ROOT_FORGOTTEN ? Optional.empty() : known;
  }

  /**
   * Whether the scheduler hears the report.
   *
   * @param report null: the stream has ended
   */
  boolean isHeard(Swarm swarm, PeerId peer, @Nullable PeerReport report) {
    boolean last =
        report == null
            || report instanceof PeerReport.Finished
            || report instanceof PeerReport.Failed;
    return this != LEASE_KEPT
        || !last
        || swarm
            .peer(SimContent.TASK, peer)
            .filter(found -> found.getValue().state() == PeerState.BACK_TO_SOURCE)
            .isEmpty();
  }
}
