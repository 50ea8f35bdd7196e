package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.TaskId;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What came out of one event, to be done after the lock of the task is released. */
final class Effects {
  final List<SwarmAction> actions = new ArrayList<>();

  /** Other tasks that wait for a slot of a host that now has one. */
  final Set<TaskId> wakes = new LinkedHashSet<>();

  /** Hosts whose quarantine began: all their tasks have to know. */
  final Set<HostId> quarantined = new LinkedHashSet<>();

  /** Hosts that lost a peer and may be of no more use. */
  final Set<HostId> left = new LinkedHashSet<>();

  void add(SwarmAction action) {
    actions.add(action);
  }
}
