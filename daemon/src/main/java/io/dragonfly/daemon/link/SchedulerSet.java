package io.dragonfly.daemon.link;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.net.HashRing;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * The schedulers of this cluster as last read, which of them answer, and which of them speak our
 * extension. Safe for many threads; decides, and opens nothing.
 *
 * <p>A task belongs to the scheduler that every peer of the cluster picks for it. When that one
 * does not answer, the next ones on the ring are tried, in the same order by everybody.
 */
public final class SchedulerSet {
  private final LongSupplier nanoTime;
  private final long restNanos;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private List<InetSocketAddress> addresses = List.of();

  @GuardedBy("lock")
  private final Map<InetSocketAddress, Boolean> extensions = new HashMap<>();

  @GuardedBy("lock")
  private final Map<InetSocketAddress, Long> failures = new HashMap<>();

  /**
   * @param rest for how long a scheduler that did not answer comes last
   */
  public SchedulerSet(Duration rest, LongSupplier nanoTime) {
    this.restNanos = rest.toNanos();
    this.nanoTime = nanoTime;
  }

  /** Replaces the list; the new schedulers are returned, those that left are forgotten. */
  public List<InetSocketAddress> replace(List<InetSocketAddress> now) {
    lock.lock();
    try {
      List<InetSocketAddress> added = new ArrayList<>(now);
      added.removeAll(addresses);
      addresses = List.copyOf(now);
      Set<InetSocketAddress> present = new HashSet<>(now);
      extensions.keySet().retainAll(present);
      failures.keySet().retainAll(present);
      return added;
    } finally {
      lock.unlock();
    }
  }

  public List<InetSocketAddress> all() {
    lock.lock();
    try {
      return addresses;
    } finally {
      lock.unlock();
    }
  }

  public boolean isEmpty() {
    return all().isEmpty();
  }

  /** Whether this is the scheduler that every peer picks for the task. */
  public boolean isPicked(InetSocketAddress address, TaskId task) {
    List<InetSocketAddress> present = all();
    return !present.isEmpty() && HashRing.of(present).pick(task).equals(address);
  }

  /** Where to ask about a task: the picked one first, those that did not answer lately last. */
  public List<InetSocketAddress> inOrder(TaskId task) {
    lock.lock();
    try {
      if (addresses.isEmpty()) {
        return List.of();
      }
      List<InetSocketAddress> ordered = new ArrayList<>();
      List<InetSocketAddress> resting = new ArrayList<>();
      for (InetSocketAddress address : HashRing.of(addresses).inOrder(task)) {
        (isResting(address) ? resting : ordered).add(address);
      }
      ordered.addAll(resting);
      return ordered;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private boolean isResting(InetSocketAddress address) {
    Long since = failures.get(address);
    return since != null && nanoTime.getAsLong() - since < restNanos;
  }

  /** This host was announced; {@code extension} is what the scheduler said of itself. */
  public void announced(InetSocketAddress address, boolean extension) {
    lock.lock();
    try {
      if (addresses.contains(address)) {
        extensions.put(address, extension);
        failures.remove(address);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The scheduler turned out not to know this host: it was restarted. */
  public void forgotten(InetSocketAddress address) {
    lock.lock();
    try {
      extensions.remove(address);
    } finally {
      lock.unlock();
    }
  }

  /** The scheduler did not answer: it comes last, and hears of this host anew before a peer. */
  public void failed(InetSocketAddress address) {
    lock.lock();
    try {
      extensions.remove(address);
      if (addresses.contains(address)) {
        failures.put(address, nanoTime.getAsLong());
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether this host was announced there. */
  public boolean isAnnounced(InetSocketAddress address) {
    lock.lock();
    try {
      return extensions.containsKey(address);
    } finally {
      lock.unlock();
    }
  }

  /** Whether the scheduler said that it speaks our extension; one that said nothing does not. */
  public boolean hasExtension(InetSocketAddress address) {
    lock.lock();
    try {
      return extensions.getOrDefault(address, false);
    } finally {
      lock.unlock();
    }
  }
}
