/**
 * How content is divided into pieces and blocks, and what is known of it before it is read.
 *
 * <p>Scheduler and daemon share these; they are values checked when made, so bytes from the network
 * become safe numbers here. No state, any thread.
 */
@NullMarked
package io.dragonfly.common.piece;

import org.jspecify.annotations.NullMarked;
