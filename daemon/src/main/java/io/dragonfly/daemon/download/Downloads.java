package io.dragonfly.daemon.download;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.PieceSync;
import io.dragonfly.daemon.link.SwarmLinks;
import io.dragonfly.daemon.source.Sources;
import io.dragonfly.daemon.storage.Kind;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import io.dragonfly.daemon.transfer.FetchLimits;
import io.dragonfly.daemon.transfer.PieceClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * Every download of this daemon: callers of the same task share one transfer. Safe for many
 * threads.
 *
 * <p>At most one download of a task touches its storage: where one is just ending, the next one
 * begins when it is gone.
 */
public final class Downloads implements AutoCloseable {
  private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(5);

  /**
   * What downloads work with.
   *
   * @param peerIds makes the id of a new peer of this host
   * @param withoutCredentials the wire's Download message of a request without what is secret: it
   *     is stored with the task, to announce it after a restart
   * @param rates how fast bytes may come in
   * @param traffic is told of what came in
   */
  public record Surroundings(
      PieceStore store,
      PieceClient client,
      Sources sources,
      SwarmLinks links,
      PieceSync sync,
      Supplier<PeerId> peerIds,
      Function<DownloadRequest, byte[]> withoutCredentials,
      DownloadRates rates,
      DownloadTraffic traffic,
      FetchLimits fetchLimits) {}

  /** A task's download, and those who wait for it to be gone. */
  private static final class Slot {
    final RunningDownload running;
    final List<DownloadHandle> next = new ArrayList<>();
    boolean over;

    Slot(RunningDownload running) {
      this.running = running;
    }
  }

  private final Workshop workshop;
  private final RandomGenerator random;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Map<TaskKey, Slot> slots = new LinkedHashMap<>();

  @GuardedBy("lock")
  private long lastCaller;

  @GuardedBy("lock")
  private boolean closed;

  public Downloads(Surroundings surroundings, DownloadOptions options) {
    this(surroundings, options, new SplittableRandom());
  }

  /** With the seed of everything that is left to chance. */
  Downloads(Surroundings surroundings, DownloadOptions options, RandomGenerator random) {
    this.workshop = new Workshop(surroundings, options);
    this.random = random;
  }

  /**
   * Begins a download, or joins one that runs.
   *
   * @throws DownloadException TOO_MANY_DOWNLOADS or SHUTTING_DOWN; other failures reach the
   *     listener
   */
  public Download start(DownloadRequest request, DownloadListener listener)
      throws DownloadException {
    TaskKey key = new TaskKey(Kind.TASK, request.taskId());
    lock.lock();
    try {
      if (closed) {
        throw shuttingDown();
      }
      Slot slot = slots.get(key);
      if (slot == null) {
        if (slots.size() >= workshop.options.activeTasks()) {
          throw tooMany(
              request,
              workshop.options.activeTasks()
                  + " tasks are being downloaded, as many as are allowed at a time");
        }
        slot = new Slot(running(key));
        slots.put(key, slot);
      } else if (slot.running.callers() + slot.next.size() >= workshop.options.waitersPerTask()) {
        throw tooMany(
            request,
            workshop.options.waitersPerTask()
                + " callers wait for this task, as many as may share a download");
      }
      DownloadHandle handle =
          new DownloadHandle(++lastCaller, request, listener, slot.running, workshop);
      if (slot.over || !slot.running.join(handle)) {
        slot.next.add(handle);
      }
      return handle;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Answers a caller that wants a whole content, names its digest, and may have it: all of it is
   * here, and was compared with that digest before. Nothing is left to decide then, so that no
   * download begins, and the listener has heard everything when this returns.
   *
   * @return empty when the caller has to {@link #start} a download
   */
  public Optional<Download> startHeld(DownloadRequest request, DownloadListener listener) {
    Optional<StoredTask> found = request.digest().flatMap(digest -> held(request, digest));
    if (found.isEmpty() || !admit()) {
      return Optional.empty();
    }
    StoredTask task = found.get();
    ContentInfo content = task.content();
    long length = content.length().orElseThrow();
    Optional<ByteRange> all = length == 0 ? Optional.empty() : Optional.of(ByteRange.whole(length));
    listener.started(new DownloadListener.Started(content, all, task, length));
    listener.finished(
        new DownloadSummary(ByteCounts.NONE.plus(ByteSource.CACHE, length), Duration.ZERO));
    return Optional.of(new HeldDownload(request.taskId(), workshop.surroundings.peerIds()));
  }

  private Optional<StoredTask> held(DownloadRequest request, Digest digest) {
    if (request.rangeHeader().isPresent() || request.triggeredByScheduler()) {
      return Optional.empty();
    }
    return workshop
        .surroundings
        .store()
        .find(new TaskKey(Kind.TASK, request.taskId()))
        .filter(task -> task.isKnownToHave(digest))
        .filter(task -> workshop.rights.allow(task.content(), request));
  }

  /** Counts a caller, unless this is closed. */
  private boolean admit() {
    lock.lock();
    try {
      lastCaller += closed ? 0 : 1;
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  private RunningDownload running(TaskKey key) {
    return new RunningDownload(workshop, this, key, new SplittableRandom(random.nextLong()));
  }

  /** A download takes no more callers; these came too late for it. */
  void over(RunningDownload running, List<DownloadHandle> late) {
    lock.lock();
    try {
      Slot slot = slots.get(running.key());
      if (slot != null && slot.running == running) {
        slot.over = true;
        slot.next.addAll(0, late);
      }
    } finally {
      lock.unlock();
    }
  }

  /** A download let go of its storage: who waits for the next one gets it. */
  void gone(RunningDownload running) {
    List<DownloadHandle> refused = List.of();
    lock.lock();
    try {
      Slot slot = slots.get(running.key());
      if (slot == null || slot.running != running) {
        return;
      }
      slots.remove(running.key());
      if (closed) {
        refused = slot.next;
      } else if (!slot.next.isEmpty()) {
        Slot next = new Slot(running(running.key()));
        slots.put(running.key(), next);
        for (DownloadHandle handle : slot.next) {
          boolean _ = next.running.join(handle);
          handle.movedTo(next.running);
        }
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    refused.forEach(handle -> handle.listener.failed(shuttingDown()));
  }

  /** Callers that began or joined a download since the start. */
  public long started() {
    lock.lock();
    try {
      return lastCaller;
    } finally {
      lock.unlock();
    }
  }

  /** Tasks that are being downloaded. */
  public int active() {
    lock.lock();
    try {
      return slots.size();
    } finally {
      lock.unlock();
    }
  }

  /** Stops every download within a few seconds; their callers hear SHUTTING_DOWN. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      for (Slot slot : slots.values()) {
        slot.running.post(new Event.Stop(shuttingDown()));
      }
      long left = CLOSE_NANOS;
      while (!slots.isEmpty() && left > 0) {
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
    workshop.close();
  }

  private static DownloadException shuttingDown() {
    return new DownloadException(
        Code.SHUTTING_DOWN, "The daemon is shutting down: try again when it is back.");
  }

  private static DownloadException tooMany(DownloadRequest request, String why) {
    return new DownloadException(
        Code.TOO_MANY_DOWNLOADS,
        "Cannot download " + request.urlForDisplay() + " now: " + why + ". Try again later.");
  }
}
