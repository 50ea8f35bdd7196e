package io.dragonfly.scheduler.swarm;

/** A parent as its child is told of it. */
public record ParentView(PeerView peer, HostAnnouncement host) {}
