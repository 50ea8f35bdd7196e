package io.dragonfly.scheduler.swarm;

/** A host as it is shown. */
public record HostView(
    HostAnnouncement announcement,
    boolean quarantined,
    boolean healthy,
    int usedSlots,
    int tasks) {}
