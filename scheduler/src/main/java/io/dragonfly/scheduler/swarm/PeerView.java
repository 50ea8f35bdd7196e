package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.piece.ByteRange;
import java.util.Optional;

/**
 * A peer as it is shown. Times are milliseconds since 1970.
 *
 * @param wholeAt the port at which one request brings everything it has: the only piece of the
 *     content; else 0
 */
public record PeerView(
    PeerId id,
    HostId host,
    PeerState state,
    boolean extension,
    int priority,
    Optional<ByteRange> range,
    int concurrentPieces,
    boolean needBackToSource,
    int pieces,
    int parents,
    int children,
    long costMillis,
    long createdAt,
    long updatedAt,
    int wholeAt) {}
