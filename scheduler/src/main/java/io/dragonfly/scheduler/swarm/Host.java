package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.scheduler.placement.Rating.Place;
import io.dragonfly.scheduler.placement.UploadSlots;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A machine, known by its announcement or only by a peer that named it. Guarded by its own monitor;
 * what a decision reads is one immutable {@link Facts}.
 */
final class Host {
  /** What decisions need to know of a host. */
  record Facts(
      boolean announced,
      boolean seed,
      boolean disableShared,
      boolean quarantined,
      boolean healthy,
      boolean extension,
      Place place) {
    /** Whether its peers may be given as parents. */
    boolean offers() {
      return announced && !disableShared && !quarantined;
    }
  }

  private static final Facts UNKNOWN =
      new Facts(false, false, false, false, true, false, new Place("", ""));

  private final HostId id;
  private final UploadSlots slots;
  private final Map<TaskId, Integer> tasks = new LinkedHashMap<>();
  private volatile Facts facts = UNKNOWN;
  private volatile @Nullable HostAnnouncement announcement;
  private long updatedAt;

  Host(HostId id, int slots, long now) {
    this.id = id;
    this.slots = new UploadSlots(slots);
    this.updatedAt = now;
  }

  HostId id() {
    return id;
  }

  Facts facts() {
    return facts;
  }

  UploadSlots slots() {
    return slots;
  }

  Optional<HostAnnouncement> announcement() {
    return Optional.ofNullable(announcement);
  }

  /** True when decisions may come out in another way now. */
  synchronized boolean announce(HostAnnouncement said, long now) {
    Facts before = facts;
    announcement = said;
    updatedAt = now;
    facts =
        new Facts(
            true,
            said.isSeed(),
            said.disableShared(),
            before.quarantined(),
            before.announced() ? before.healthy() : true,
            before.extension(),
            said.place());
    return !facts.equals(before);
  }

  synchronized void forgetAnnouncement() {
    Facts before = facts;
    announcement = null;
    facts =
        new Facts(
            false,
            before.seed(),
            false,
            before.quarantined(),
            true,
            before.extension(),
            before.place());
  }

  synchronized void quarantined(boolean value) {
    Facts now = facts;
    facts =
        new Facts(
            now.announced(),
            now.seed(),
            now.disableShared(),
            value,
            now.healthy(),
            now.extension(),
            now.place());
  }

  synchronized void healthy(boolean value) {
    Facts now = facts;
    facts =
        new Facts(
            now.announced(),
            now.seed(),
            now.disableShared(),
            now.quarantined(),
            value,
            now.extension(),
            now.place());
  }

  synchronized void speaksExtension(boolean value) {
    Facts now = facts;
    if (now.extension() != value) {
      facts =
          new Facts(
              now.announced(),
              now.seed(),
              now.disableShared(),
              now.quarantined(),
              now.healthy(),
              value,
              now.place());
    }
  }

  synchronized void addPeer(TaskId task) {
    tasks.merge(task, 1, Integer::sum);
  }

  synchronized void removePeer(TaskId task) {
    tasks.computeIfPresent(task, (key, count) -> count == 1 ? null : count - 1);
  }

  synchronized List<TaskId> tasks() {
    return new ArrayList<>(tasks.keySet());
  }

  synchronized int taskCount() {
    return tasks.size();
  }

  synchronized boolean isUnused() {
    return tasks.isEmpty();
  }

  synchronized long updatedAt() {
    return updatedAt;
  }
}
