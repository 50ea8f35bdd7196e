package io.dragonfly.daemon.storage;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes room in a store: removes what is past its time, and what nobody has used for longest. */
final class Collector {
  private static final Logger log = LoggerFactory.getLogger(Collector.class);

  private final PieceStore store;
  private final DiskSpace space;

  Collector(PieceStore store, DiskSpace space) {
    this.store = store;
    this.space = space;
  }

  /**
   * Removes expired tasks, then the least recently used while the disk is too full. Never pinned
   * ones.
   */
  Collected collect(GcPolicy policy, Instant now) {
    List<TaskKey> expired = new ArrayList<>();
    List<TaskKey> evicted = new ArrayList<>();
    long freed = 0;
    for (StoredTask task : store.allTasks()) {
      if (isExpired(task, policy, now)) {
        long bytes = space.bytesFreedBy(task);
        if (store.evict(task)) {
          expired.add(task.key());
          freed += bytes;
        }
      }
    }
    try {
      freed += evictUntil(space.excessBytes(policy, store::usedBytes), evicted);
    } catch (IOException e) {
      log.warn("disk usage unknown, nothing evicted cause={}", e.toString());
    }
    return new Collected(expired, evicted, freed);
  }

  /**
   * Evicts ordinary tasks, least recently used first, until so many bytes are free; none when all
   * that nobody uses are not enough, for then whoever wants room is refused anyway.
   *
   * @param wanted bytes
   * @param evicted is added to
   * @return bytes that the file system gets back
   */
  long makeRoom(long wanted, List<TaskKey> evicted) {
    long most = 0;
    for (StoredTask task : store.list(Kind.TASK)) {
      if (most >= wanted) {
        break;
      }
      most += task.isPinned() ? 0 : space.bytesFreedBy(task);
    }
    return most < wanted ? 0 : evictUntil(wanted, evicted);
  }

  /**
   * Evicts ordinary tasks, least recently used first, until so many bytes are free.
   *
   * @param evicted is added to
   * @return bytes that the file system gets back
   */
  private long evictUntil(long wanted, List<TaskKey> evicted) {
    long freed = 0;
    if (wanted <= 0) {
      return freed;
    }
    for (StoredTask task : store.list(Kind.TASK)) {
      long bytes = space.bytesFreedBy(task);
      if (bytes > 0 && store.evict(task)) {
        evicted.add(task.key());
        freed += bytes;
        if (freed >= wanted) {
          break;
        }
      }
    }
    return freed;
  }

  private static boolean isExpired(StoredTask task, GcPolicy policy, Instant now) {
    Optional<Duration> own = task.origin().timeToLive();
    Instant end =
        switch (task.key().kind()) {
          case TASK -> task.updatedAt().plus(policy.taskTtl());
          case PERSISTENT_TASK -> task.createdAt().plus(own.orElse(policy.persistentTaskTtl()));
          case PERSISTENT_CACHE_TASK ->
              task.createdAt().plus(own.orElse(policy.persistentCacheTaskTtl()));
        };
    return end.isBefore(now);
  }
}
