package io.dragonfly.scheduler.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.common.id.TaskId;
import io.dragonfly.scheduler.origin.OriginLease;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;

/** What has to hold after every event. */
final class SwarmInvariants {
  private SwarmInvariants() {}

  static void check(SwarmDriver driver) {
    long next = Long.MAX_VALUE;
    for (TaskId id : driver.swarm.taskIds()) {
      long deadline =
          driver
              .swarm
              .look(
                  id,
                  swarm -> {
                    checkTask(swarm, driver);
                    return swarm.nextDeadline();
                  })
              .orElseThrow();
      next = Math.min(next, deadline);
    }
    assertThat(driver.swarm.nextDeadline()).as("no task's deadline is forgotten").isEqualTo(next);
    Usage usage = driver.swarm.usage();
    assertThat(usage.usedSlots()).as("slots used are edges").isEqualTo(usage.edges());
  }

  private static void checkTask(TaskSwarm swarm, SwarmDriver driver) {
    Task task = swarm.task();
    int complete = 0;
    for (Peer peer : task.peers.values()) {
      checkEdges(swarm, peer);
      checkTrunk(swarm, peer);
      checkWaiting(swarm, peer, driver);
      if (!peer.extension) {
        assertThat(peer.answers).isLessThanOrEqualTo(task.settings.maxAnswers());
        assertThat(descendants(peer))
            .as("no cycle through upstream peer " + peer.id)
            .doesNotContain(peer);
      }
      complete += peer.offered && peer.complete ? 1 : 0;
      assertThat(peer.isActive() || !task.active.contains(peer)).as("active " + peer.id).isTrue();
      assertThat(task.active.contains(peer) || !peer.canBeTold()).as("active " + peer.id).isTrue();
    }
    assertThat(swarm.offers().counts().complete()).isEqualTo(complete);
    assertThat(swarm.offers().holders().size()).isEqualTo(complete);
    checkLease(task);
  }

  private static void checkEdges(TaskSwarm swarm, Peer peer) {
    for (Peer parent : peer.parents) {
      assertThat(parent.children).contains(peer);
      assertThat(parent.host).as("never its own host").isNotSameAs(peer.host);
      assertThat(parent.offered).as("parent %s of %s is usable", parent.id, peer.id).isTrue();
      assertThat(swarm.task().peers.get(parent.id)).isSameAs(parent);
    }
    for (Peer child : peer.children) {
      assertThat(child.parents).contains(peer);
      assertThat(child.isActive()).as("child %s of %s is active", child.id, peer.id).isTrue();
    }
    assertThat(peer.children.size()).isLessThanOrEqualTo(swarm.offers().fanOut(peer));
    assertThat(swarm.offers().offered().contains(peer)).isEqualTo(peer.offered);
    if (peer.offered && peer.held == 0) {
      assertThat(peer.extension).as("relay %s", peer.id).isTrue();
      assertThat(peer.parents)
          .as("relay %s", peer.id)
          .anyMatch(parent -> parent.held > 0 || (parent == peer.trunk && parent.offered));
    }
    if (swarm.offers().open().contains(peer)) {
      assertThat(peer.offered && swarm.offers().hasPlace(peer)).isTrue();
    }
  }

  /** Following trunks never leads in a circle, and leads to a root or to somebody who waits. */
  private static void checkTrunk(TaskSwarm swarm, Peer peer) {
    Set<Peer> seen = new HashSet<>();
    Peer at = peer;
    while (at.trunk != null && !swarm.parenting().isRoot(at)) {
      assertThat(seen.add(at)).as("trunk of " + peer.id + " is no circle").isTrue();
      assertThat(at.parents).contains(at.trunk);
      at = at.trunk;
    }
    if (peer.trunk != null && at.extension && at.isActive() && !at.complete && !at.refused) {
      assertThat(swarm.parenting().isRoot(at) || swarm.parenting().waiting().contains(at))
          .as("the head %s of %s is a root or waits", at.id, peer.id)
          .isTrue();
    }
  }

  private static void checkWaiting(TaskSwarm swarm, Peer peer, SwarmDriver driver) {
    boolean owed = peer.canBeTold() && !peer.refused && !peer.complete;
    if (owed && peer.parents.isEmpty() && !swarm.parenting().isRoot(peer)) {
      assertThat(swarm.parenting().waiting()).as("waits: " + peer.id).contains(peer);
    }
    if (swarm.parenting().waiting().contains(peer)) {
      assertThat(swarm.nextDeadline())
          .as("somebody looks at the waiting " + peer.id)
          .isLessThanOrEqualTo(driver.now + swarm.task().settings.sweepMillis());
    }
  }

  private static void checkLease(Task task) {
    if (task.lease.state() instanceof OriginLease.State.Held held) {
      assertThat(task.peers).as("the leaseholder is known").containsKey(held.peer());
      Peer holder = Objects.requireNonNull(task.peers.get(held.peer()));
      assertThat(holder.isActive()).as("the leaseholder is active").isTrue();
      assertThat(holder.trunk).isNull();
      assertThat(task.lease.deadline()).isLessThan(Long.MAX_VALUE);
    }
  }

  private static Set<Peer> descendants(Peer peer) {
    Set<Peer> seen = new HashSet<>();
    ArrayDeque<Peer> open = new ArrayDeque<>(peer.children);
    while (!open.isEmpty()) {
      Peer next = open.removeLast();
      if (seen.add(next)) {
        open.addAll(next.children);
      }
    }
    return seen;
  }
}
