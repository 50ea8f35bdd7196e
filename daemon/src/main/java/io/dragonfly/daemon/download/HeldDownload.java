package io.dragonfly.daemon.download;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import java.util.function.Supplier;

/**
 * One caller's download of what was here already: it is over before it begins.
 *
 * @param peerIds makes the id of the peer that this host would be, had it to join the swarm
 */
record HeldDownload(TaskId taskId, Supplier<PeerId> peerIds) implements Download {
  @Override
  public PeerId peerId() {
    return peerIds.get();
  }

  @Override
  public void reading(int piece) {
    // all pieces are there
  }

  @Override
  public void cancel() {
    // the caller has its answer
  }
}
