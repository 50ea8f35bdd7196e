/**
 * What the choice of parents is made of: upload slots, quarantine, the set of usable parents, piece
 * counts, the rating of a candidate. Called by {@code swarm} only.
 *
 * <p>{@code UploadSlots} and {@code Quarantine} span tasks and guard themselves; everything else
 * belongs to one task and its lock. No clocks: the time comes in, in milliseconds.
 */
@NullMarked
package io.dragonfly.scheduler.placement;

import org.jspecify.annotations.NullMarked;
