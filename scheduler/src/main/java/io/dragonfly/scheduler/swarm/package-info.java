/**
 * Hosts, tasks and peers, and what each peer is told. {@link io.dragonfly.scheduler.swarm.Swarm} is
 * the front door: events and the time go in, actions come out; there is no thread, socket, clock or
 * file here, and the same events in the same order give the same actions.
 *
 * <p>A task is owned by one lock; its actions run after release, in their order. What spans tasks
 * (a host's slots and state, quarantine) is guarded by its own type. Lock order: task, then host;
 * never two tasks.
 */
@NullMarked
package io.dragonfly.scheduler.swarm;

import org.jspecify.annotations.NullMarked;
