package io.dragonfly.daemon.storage;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The room that a store has: of the file system, of its quota if there is one, less what is set
 * aside for what is being written. What the store holds is asked for only under a quota.
 */
final class DiskSpace {
  private static final Logger log = LoggerFactory.getLogger(DiskSpace.class);

  private final DiskProbe disk;
  private final long quota;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private long reserved;

  /**
   * A store without reservations.
   *
   * @param quota 0 for none
   */
  DiskSpace(DiskProbe disk, long quota) {
    this.disk = disk;
    this.quota = quota;
  }

  long freeBytes(LongSupplier storedBytes) throws IOException {
    long free = freeBeforeReservations(storedBytes);
    lock.lock();
    try {
      return Math.max(0, free - reserved);
    } finally {
      lock.unlock();
    }
  }

  boolean tryReserve(long bytes, LongSupplier storedBytes) throws IOException {
    long free = freeBeforeReservations(storedBytes);
    lock.lock();
    try {
      if (free - reserved < bytes) {
        return false;
      }
      reserved += bytes;
      return true;
    } finally {
      lock.unlock();
    }
  }

  void unreserve(long bytes) {
    lock.lock();
    try {
      reserved -= bytes;
    } finally {
      lock.unlock();
    }
  }

  /** How many bytes have to go to come down to the low mark; 0 below the high mark. */
  long excessBytes(GcPolicy policy, LongSupplier storedBytes) throws IOException {
    long total = quota > 0 ? quota : disk.totalBytes();
    long used = quota > 0 ? storedBytes.getAsLong() : total - disk.usableBytes();
    if (used < percent(total, policy.highPercent())) {
      return 0;
    }
    return used - percent(total, policy.lowPercent());
  }

  /** None for a file that has another name elsewhere. */
  long bytesFreedBy(StoredTask task) {
    return hasOtherName(task) ? 0 : task.storedBytes();
  }

  /** Also when nobody can say. */
  boolean hasOtherName(StoredTask task) {
    try {
      return disk.links(task.file()) > 1;
    } catch (IOException e) {
      log.debug("links unknown task={} cause={}", task.key(), e.toString());
      return true;
    }
  }

  String quotaText() {
    return quota > 0 ? " under the quota of " + quota : "";
  }

  private long freeBeforeReservations(LongSupplier storedBytes) throws IOException {
    long free = disk.usableBytes();
    return quota > 0 ? Math.min(free, quota - storedBytes.getAsLong()) : free;
  }

  private static long percent(long total, int percent) {
    return total / 100 * percent + total % 100 * percent / 100;
  }
}
