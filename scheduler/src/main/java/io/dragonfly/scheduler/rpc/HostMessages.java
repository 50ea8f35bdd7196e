package io.dragonfly.scheduler.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.scheduler.v2.AnnounceHostRequest;
import io.dragonfly.common.id.HostId;
import io.dragonfly.scheduler.placement.Rating.Place;
import io.dragonfly.scheduler.swarm.HostAnnouncement;
import io.dragonfly.scheduler.swarm.Opaque;

/** Host messages to announcements and back. */
final class HostMessages {
  private static final long MAX_INTERVAL_SECONDS = 86_400;

  private HostMessages() {}

  static HostAnnouncement announcement(AnnounceHostRequest request) {
    Host host = request.getHost();
    long interval = 0;
    if (request.hasInterval()) {
      long seconds = Math.clamp(request.getInterval().getSeconds(), 0, MAX_INTERVAL_SECONDS);
      interval = seconds * 1000 + request.getInterval().getNanos() / 1_000_000;
    }
    return new HostAnnouncement(
        new HostId(host.getId()),
        host.getType(),
        host.getHostname(),
        host.getIp(),
        host.getPort(),
        host.getDownloadPort(),
        host.getDisableShared(),
        new Place(host.getNetwork().getIdc(), host.getNetwork().getLocation()),
        Math.max(interval, 0),
        Opaque.of(host.toByteArray()));
  }

  /** As it was announced. */
  static Host host(HostAnnouncement announcement) {
    try {
      return Host.parseFrom(announcement.encoded().bytes());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a host that was parsed before is not a host now", e);
    }
  }

  /** As a child is told of it, like upstream without what concerns the scheduler only. */
  static Host parent(HostAnnouncement announcement) {
    return host(announcement).toBuilder()
        .clearName()
        .clearSchedulerClusterId()
        .clearDisableShared()
        .build();
  }
}
