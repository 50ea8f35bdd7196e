package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.scheduler.placement.Rating.Place;

/**
 * A host as it announced itself.
 *
 * @param type 0 normal, above 0 seed
 * @param intervalMillis between two announcements; 0 when not said
 * @param encoded the whole announced Host message, for those who ask for it
 */
public record HostAnnouncement(
    HostId id,
    int type,
    String hostname,
    String ip,
    int port,
    int downloadPort,
    boolean disableShared,
    Place place,
    long intervalMillis,
    Opaque encoded) {
  public boolean isSeed() {
    return type != 0;
  }
}
