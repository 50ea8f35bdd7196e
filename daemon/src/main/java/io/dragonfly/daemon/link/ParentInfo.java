package io.dragonfly.daemon.link;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;

/**
 * A peer that may be asked for pieces.
 *
 * @param port of its DfdaemonUpload service; the port that serves pieces is announced with the
 *     pieces
 */
public record ParentInfo(PeerId peer, HostId host, String ip, int port, boolean seed) {}
