/**
 * The scheduler: knows hosts, tasks and peers, and tells each peer where to take its pieces from.
 *
 * <p>{@link io.dragonfly.scheduler.Scheduler} is the composition root: its constructor wires,
 * {@code start()} opens sockets, {@code close()} undoes it in reverse order. {@code swarm}, {@code
 * placement} and {@code origin} decide; {@code rpc} and {@code link} connect the decisions to the
 * network and to files. Control streams run on gRPC's event loop and never block.
 */
@NullMarked
package io.dragonfly.scheduler;

import org.jspecify.annotations.NullMarked;
