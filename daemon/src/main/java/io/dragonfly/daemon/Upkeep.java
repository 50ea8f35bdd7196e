package io.dragonfly.daemon;

import io.dragonfly.daemon.download.Downloads;
import io.dragonfly.daemon.storage.GcPolicy;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.transfer.PieceClient;
import io.dragonfly.daemon.transfer.PieceServer;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a daemon does from time to time: it frees its disk, and memory when it is idle, and verifies
 * what it holds.
 */
final class Upkeep implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(Upkeep.class);
  private static final Duration IDLE_LOOK = Duration.ofSeconds(5);

  /** A collection reads what all tasks are, which need not hold up a start. */
  private static final Duration FIRST_COLLECTION = Duration.ofSeconds(10);

  /** How much later than told what nobody uses may leave the kernel's memory. */
  private static final Duration COOLING_LOOK = Duration.ofMinutes(5);

  private final ScheduledExecutorService timer;
  private final List<ScheduledFuture<?>> schedules = new CopyOnWriteArrayList<>();

  Upkeep(ScheduledExecutorService timer) {
    this.timer = timer;
  }

  /** Begins to collect expired and evicted content. */
  void collectGarbage(
      PieceStore store, GcPolicy policy, Duration interval, ExecutorService threads) {
    AtomicBoolean running = new AtomicBoolean();
    Runnable collection =
        () -> {
          if (running.compareAndSet(false, true)) {
            threads.execute(() -> collect(store, policy, running));
          }
        };
    boolean often = interval.compareTo(FIRST_COLLECTION) < 0;
    every(often ? interval : FIRST_COLLECTION, interval, collection);
  }

  /** Begins to give back what the kernel keeps in memory of content that nobody uses. */
  void cool(PieceStore store, Duration idle, ExecutorService threads) {
    Duration interval = idle.compareTo(COOLING_LOOK) < 0 ? idle : COOLING_LOOK;
    every(interval, () -> threads.execute(() -> store.cool(idle, Clock.systemUTC().instant())));
  }

  /** Begins to look for times without work, in which memory is given back to the system. */
  void giveMemoryBack(
      DaemonMetrics metrics, Downloads downloads, PieceServer pieces, PieceClient client) {
    IdleMemory idle =
        new IdleMemory(
            () -> {
              PieceServer.Activity serving = pieces.activity();
              // A caller may still be taking what has long been downloaded.
              boolean busy =
                  metrics.isDownloading() || downloads.active() > 0 || serving.uploading() > 0;
              return new IdleMemory.Work(busy, downloads.started() + serving.bytes());
            },
            () -> {
              client.forgetBuffers();
              System.gc();
            });
    every(IDLE_LOOK, () -> idle.look(System.nanoTime()));
  }

  private void every(Duration interval, Runnable work) {
    every(Duration.ZERO, interval, work);
  }

  private void every(Duration first, Duration interval, Runnable work) {
    schedules.add(
        timer.scheduleWithFixedDelay(
            work, first.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS));
  }

  private static void collect(PieceStore store, GcPolicy policy, AtomicBoolean running) {
    try {
      var collected = store.collect(policy, Clock.systemUTC().instant());
      if (collected.freedBytes() > 0) {
        logger.info(
            "event=collected expired={} evicted={} freed_bytes={}",
            collected.expired().size(),
            collected.evicted().size(),
            collected.freedBytes());
      }
    } catch (RuntimeException e) {
      logger.error("event=collection_failed", e);
    } finally {
      running.set(false);
    }
  }

  @Override
  public void close() {
    schedules.forEach(schedule -> schedule.cancel(false));
  }
}
