/**
 * Who may read the origin: one lease per task, and which seed is asked first. Called by {@code
 * swarm} under the lock of the task; no threads, no clocks: the time comes in, in milliseconds.
 */
@NullMarked
package io.dragonfly.scheduler.origin;

import org.jspecify.annotations.NullMarked;
