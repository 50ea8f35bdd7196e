package io.dragonfly.scheduler.swarm;

/** How much there is at one moment. */
public record Usage(int hosts, int tasks, int peers, int edges, int usedSlots, int leases) {}
