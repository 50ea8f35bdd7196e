package io.dragonfly.scheduler.swarm;

/**
 * Where a peer stands; the names are upstream's, as its programs show them.
 *
 * <pre>
 * RECEIVED_EMPTY, RECEIVED_NORMAL → RUNNING ⇄ BACK_TO_SOURCE → SUCCEEDED or FAILED → LEAVE
 * </pre>
 *
 * A peer of ours is RUNNING from its registration on; an upstream one when it says so.
 */
public enum PeerState {
  RECEIVED_EMPTY("ReceivedEmpty"),
  RECEIVED_NORMAL("ReceivedNormal"),
  RUNNING("Running"),
  BACK_TO_SOURCE("BackToSource"),
  SUCCEEDED("Succeeded"),
  FAILED("Failed"),
  LEAVE("Leave");

  private final String wire;

  PeerState(String wire) {
    this.wire = wire;
  }

  /** As Peer.state carries it. */
  public String wire() {
    return wire;
  }

  /** Whether it still downloads. */
  public boolean isActive() {
    return this == RECEIVED_EMPTY
        || this == RECEIVED_NORMAL
        || this == RUNNING
        || this == BACK_TO_SOURCE;
  }
}
