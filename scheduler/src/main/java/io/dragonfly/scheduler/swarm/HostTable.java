package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.scheduler.origin.SeedChoice;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** All hosts. Safe for use by many threads; may be called while a task is locked. */
final class HostTable {
  private final Map<HostId, Host> hosts = new ConcurrentHashMap<>();
  private final Map<HostId, Host> seeds = new ConcurrentHashMap<>();
  private final int limit;
  private volatile long lastAddedAt = Long.MIN_VALUE / 2;

  HostTable(int limit) {
    this.limit = limit;
  }

  Optional<Host> find(HostId id) {
    return Optional.ofNullable(hosts.get(id));
  }

  /** The host, made when unknown; empty when there are too many. */
  Optional<Host> findOrAdd(HostId id, int slots, long now) {
    if (hosts.size() >= limit && !hosts.containsKey(id)) {
      return Optional.empty();
    }
    return Optional.of(hosts.computeIfAbsent(id, key -> added(key, slots, now)));
  }

  /** The host with one more peer in {@code task}: it stays while it has peers. */
  Optional<Host> withPeer(HostId id, TaskId task, int slots, long now) {
    if (hosts.size() >= limit && !hosts.containsKey(id)) {
      return Optional.empty();
    }
    return Optional.ofNullable(
        hosts.compute(
            id,
            (key, known) -> {
              Host host = known == null ? added(key, slots, now) : known;
              host.addPeer(task);
              return host;
            }));
  }

  private Host added(HostId id, int slots, long now) {
    lastAddedAt = now;
    return new Host(id, slots, now);
  }

  /** When a host came that was not known: after a restart that says that others come, too. */
  long lastAddedAt() {
    return lastAddedAt;
  }

  void noteSeed(Host host) {
    if (host.facts().seed() && host.facts().announced()) {
      seeds.put(host.id(), host);
    } else {
      seeds.remove(host.id());
    }
  }

  /** Forgets a host that nobody announced and that has no peers. */
  void removeIfUnused(HostId id) {
    hosts.computeIfPresent(
        id, (key, host) -> host.isUnused() && !host.facts().announced() ? null : host);
  }

  /** A healthy seed that is not excluded. */
  Optional<Host> chooseSeed(TaskId task, Set<HostId> excluded) {
    List<HostId> usable = new ArrayList<>();
    seeds.forEach((id, host) -> {
      if (host.facts().healthy() && host.facts().offers() && !excluded.contains(id)) {
        usable.add(id);
      }
    });
    return SeedChoice.choose(task, usable).flatMap(this::find);
  }

  /** In the order of their ids. */
  List<Host> all() {
    return hosts.values().stream().sorted(Comparator.comparing(Host::id)).toList();
  }

  int size() {
    return hosts.size();
  }
}
