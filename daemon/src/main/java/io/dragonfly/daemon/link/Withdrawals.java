package io.dragonfly.daemon.link;

import io.dragonfly.daemon.storage.Kind;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreListener;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the schedulers which tasks this host has no longer, so that nobody is sent here for them.
 * Whoever comes nevertheless, because a scheduler did not hear it, is told so by the piece server.
 */
final class Withdrawals implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(Withdrawals.class);
  private static final int MOST_WAITING = 100_000;

  private final PieceStore store;
  private final SchedulerSet schedulers;
  private final SchedulerLine line;
  private final BlockingQueue<TaskKey> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
  private final StoreListener.Registration listening;
  private final Thread thread;

  /** Begins to listen to the store and to tell. */
  Withdrawals(PieceStore store, SchedulerSet schedulers, SchedulerLine line) {
    this.store = store;
    this.schedulers = schedulers;
    this.line = line;
    this.listening = store.onWithdrawn(this::add);
    this.thread = Thread.ofVirtual().name("withdrawals").start(this::run);
  }

  private void add(TaskKey key) {
    if (key.kind() == Kind.TASK && !waiting.offer(key)) {
      logger.debug("event=withdrawal_dropped task={}", key);
    }
  }

  private void run() {
    try {
      while (true) {
        TaskKey key = waiting.take();
        // Meanwhile it may have come again, or be coming.
        if (store.find(key).filter(StoredTask::isWholeOrUsed).isEmpty()) {
          tell(key);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void tell(TaskKey key) throws InterruptedException {
    for (InetSocketAddress scheduler : schedulers.all()) {
      if (schedulers.isAnnounced(scheduler)) {
        try {
          line.withdraw(scheduler, key.id());
        } catch (IOException e) {
          logger.info(
              "event=task_not_withdrawn task={} scheduler={} reason=\"{}\"",
              key,
              scheduler,
              e.getMessage());
        }
      }
    }
  }

  @Override
  public void close() {
    listening.close();
    thread.interrupt();
  }
}
