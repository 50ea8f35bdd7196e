/**
 * How a download speaks with the rest of the swarm: with the scheduler (SwarmLinks: reports go out,
 * orders come in) and with the parents (PieceSync: who holds which piece).
 *
 * <p>The package {@code download} calls these interfaces and never learns which program is at the
 * other end; {@code rpc} implements them, once for our scheduler and once for a Go scheduler.
 * Implementations never block the caller; listeners are called on the threads of the transport and
 * hand over at once.
 */
@NullMarked
package io.dragonfly.daemon.link;

import org.jspecify.annotations.NullMarked;
