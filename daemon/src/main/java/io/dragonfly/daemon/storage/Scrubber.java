package io.dragonfly.daemon.storage;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the finished pieces of a store again and again, slowly and in any order of the tasks, and
 * drops those that are no longer what was stored, so that they are fetched anew when somebody wants
 * them. What it reads does not count as used, and does not stay in the kernel's memory for its
 * sake.
 */
public final class Scrubber implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Scrubber.class);

  private final PieceStore store;
  private final Options options;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private @Nullable Thread thread;

  /**
   * How fast.
   *
   * @param bytesPerSecond how much is read, on average; at least 1
   * @param pause before the first round and between two of them
   */
  public record Options(long bytesPerSecond, Duration pause) {
    public static final Duration DEFAULT_PAUSE = Duration.ofMinutes(10);

    public Options {
      if (bytesPerSecond < 1) {
        throw new IllegalArgumentException("bytesPerSecond is not positive: " + bytesPerSecond);
      }
    }
  }

  public Scrubber(PieceStore store, Options options) {
    this.store = store;
    this.options = options;
  }

  public void start() {
    Thread starting = Thread.ofPlatform().daemon().name("scrub").unstarted(this::run);
    thread = starting;
    starting.start();
  }

  private void run() {
    try {
      while (!stopped.await(options.pause().toMillis(), TimeUnit.MILLISECONDS)) {
        round();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void round() throws InterruptedException {
    long bytes = 0;
    long damaged = 0;
    List<StoredTask> tasks = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      tasks.addAll(store.list(kind));
    }
    // No round may ever come to its end: then every task has the same chance.
    Collections.shuffle(tasks);
    for (StoredTask task : tasks) {
      for (int number : task.pieces().stream().toArray()) {
        long length = task.layout().length(number);
        try {
          damaged += task.scrub(number) ? 0 : 1;
        } catch (IOException e) {
          log.debug(
              "piece not scrubbed task={} piece={} cause={}", task.key(), number, e.toString());
        }
        bytes += length;
        if (stopped.await(length * 1000 / options.bytesPerSecond(), TimeUnit.MILLISECONDS)) {
          return;
        }
      }
    }
    if (damaged > 0) {
      log.warn("event=scrubbed tasks={} bytes={} damaged={}", tasks.size(), bytes, damaged);
    } else if (bytes > 0) {
      log.info("event=scrubbed tasks={} bytes={} damaged=0", tasks.size(), bytes);
    }
  }

  /** Ends it, after the piece that is being read. */
  @Override
  public void close() {
    stopped.countDown();
    Thread running = thread;
    if (running != null) {
      try {
        running.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
