package io.dragonfly.scheduler.swarm;

import io.dragonfly.scheduler.origin.OriginLease;
import io.dragonfly.scheduler.placement.Quarantine;

/**
 * What does not change while the scheduler runs. All times are milliseconds.
 *
 * @param normalFanOut children of one normal peer in one task: as many as it has parents, so that
 *     its link upwards carries as much as the one downwards
 * @param seedFanOut children of one seed in one task: few get new pieces of it and pass them on, so
 *     that it sends each about once
 * @param ourParents parents of a peer of ours, where {@code candidateParentLimit} is not larger:
 *     most of what it gets is relayed at a share of a link's speed, so it needs that many streams
 * @param maxAnswers answers to one upstream peer: its program takes five
 * @param sweepMillis how often what waits is looked at when nothing happens
 * @param blockMillis a parent that did not answer, or was tried in vain, is not given again for so
 *     long
 * @param starvingMillis a child that no usable parent can serve turns to the origin after so long;
 *     if nobody may read it and no new host has come for so long, the child is told so
 * @param unannouncedMillis a waiting child of an unknown host is told so after so long
 * @param noSourceMillis a child that may not read the origin waits so long for somebody who holds
 *     the content, where one may come
 * @param maxHoldMillis an upstream answer is held at most so long
 * @param graceMillis a peer whose stream broke is kept so long
 * @param idleMillis an unfinished peer without a new piece, unless it waits
 * @param peerMillis a finished peer that nobody used
 * @param hostMillis a host that announced no interval
 * @param taskMillis a task without peers
 * @param rootsMillis block roots are handed out at most so often
 * @param leaseBlockMillis a peer that lost the lease without using it gets it again after so long
 * @param seedBlockMillis the same for a seed that was triggered in vain
 * @param maxLeaseFailures after so many a peer gets the lease no more
 */
public record SwarmSettings(
    int normalFanOut,
    int seedFanOut,
    int ourParents,
    int maxAnswers,
    long sweepMillis,
    long blockMillis,
    long starvingMillis,
    long unannouncedMillis,
    long noSourceMillis,
    long maxHoldMillis,
    long graceMillis,
    long idleMillis,
    long peerMillis,
    long hostMillis,
    long taskMillis,
    long rootsMillis,
    long leaseBlockMillis,
    long seedBlockMillis,
    int maxLeaseFailures,
    int maxHosts,
    int maxTasks,
    int maxPeersPerTask,
    OriginLease.Rules lease,
    Quarantine.Rules quarantine) {

  public static SwarmSettings defaults() {
    return new SwarmSettings(
        12,
        10,
        12,
        5,
        500,
        30_000,
        5_000,
        5_000,
        60_000,
        600_000,
        60_000,
        1_800_000,
        86_400_000,
        3_600_000,
        60_000,
        100,
        30_000,
        300_000,
        3,
        200_000,
        1_000_000,
        200_000,
        OriginLease.Rules.defaults(),
        Quarantine.Rules.defaults());
  }

  /** With the times of the configuration's gc section. */
  public SwarmSettings withGc(long idle, long peer, long task, long host) {
    return new SwarmSettings(
        normalFanOut,
        seedFanOut,
        ourParents,
        maxAnswers,
        sweepMillis,
        blockMillis,
        starvingMillis,
        unannouncedMillis,
        noSourceMillis,
        maxHoldMillis,
        graceMillis,
        idle,
        peer,
        host,
        task,
        rootsMillis,
        leaseBlockMillis,
        seedBlockMillis,
        maxLeaseFailures,
        maxHosts,
        maxTasks,
        maxPeersPerTask,
        lease,
        quarantine);
  }
}
