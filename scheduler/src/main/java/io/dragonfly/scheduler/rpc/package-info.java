/**
 * The swarm on the wire: upstream's Scheduler service and our Swarm service. {@link
 * io.dragonfly.scheduler.rpc.SchedulerRpc} is the front door, used by the composition root.
 *
 * <p>Calls are handled on gRPC's event loops (direct executor) and never block; proto types and
 * gRPC stay in this package. What the swarm wants done is carried out by {@code PeerStreams} on
 * whichever thread brought the event.
 */
@NullMarked
package io.dragonfly.scheduler.rpc;

import org.jspecify.annotations.NullMarked;
