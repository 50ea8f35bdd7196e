/**
 * What the daemon keeps on disk: one sparse content file per task with its pieces at their offsets,
 * and beside it a journal that says which pieces are there and what they must hash to.
 *
 * <p>{@link io.dragonfly.daemon.storage.PieceStore} is the front door; {@code download} writes
 * through editors, {@code transfer}, {@code output} and the proxy read through views. Everything
 * here is called from many threads and blocks on the disk; listeners are called without locks held.
 */
@NullMarked
package io.dragonfly.daemon.storage;

import org.jspecify.annotations.NullMarked;
