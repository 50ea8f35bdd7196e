/**
 * Moves pieces between hosts over TCP, in upstream's framing plus block requests of our own.
 *
 * <p>{@link io.dragonfly.daemon.transfer.PieceServer} sends from the store: a selector thread owns
 * idle and blocked connections, a bounded pool of platform threads sends. {@link
 * io.dragonfly.daemon.transfer.PieceClient} fetches for {@code download} on the caller's thread.
 * The formats are in {@code PieceProtocol}.
 */
@NullMarked
package io.dragonfly.daemon.transfer;

import org.jspecify.annotations.NullMarked;
