package io.dragonfly.daemon.link;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;

/**
 * A peer that may be asked for pieces.
 *
 * @param port of its DfdaemonUpload service; the port that serves pieces is announced with the
 *     pieces
 * @param wholeAt where it serves the only piece of the content, which it has; 0 when it has to be
 *     followed to learn what it has
 */
public record ParentInfo(PeerId peer, HostId host, String ip, int port, boolean seed, int wholeAt) {
  /** One that has to be followed. */
  public ParentInfo(PeerId peer, HostId host, String ip, int port, boolean seed) {
    this(peer, host, ip, port, seed, 0);
  }
}
