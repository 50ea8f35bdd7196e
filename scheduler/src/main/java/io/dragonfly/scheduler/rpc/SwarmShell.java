package io.dragonfly.scheduler.rpc;

import io.dragonfly.common.id.HostId;
import io.dragonfly.scheduler.swarm.Swarm;
import java.util.function.LongSupplier;

/** What every call needs: the swarm, the streams, the clock, the counters. */
record SwarmShell(Swarm swarm, PeerStreams streams, SchedulerMetrics metrics, LongSupplier clock) {
  /** Milliseconds since 1970, never running backwards. */
  long now() {
    return clock.getAsLong();
  }

  boolean isSeed(HostId id) {
    return swarm.isSeed(id);
  }
}
