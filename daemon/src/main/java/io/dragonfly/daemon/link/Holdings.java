package io.dragonfly.daemon.link;

import io.dragonfly.daemon.storage.Kind;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoredTask;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a scheduler of ours, one by one, which complete tasks this host holds; those first that
 * were used last, for they are the likeliest to be asked for.
 */
final class Holdings {
  private static final Logger logger = LoggerFactory.getLogger(Holdings.class);

  /** After so many in a row it is the scheduler's fault rather than the tasks'. */
  private static final int MOST_FAILED = 5;

  private final PieceStore store;
  private final SchedulerSet schedulers;
  private final SchedulerLine line;
  private final int perSecond;

  Holdings(PieceStore store, SchedulerSet schedulers, SchedulerLine line, int perSecond) {
    this.store = store;
    this.schedulers = schedulers;
    this.line = line;
    this.perSecond = perSecond;
  }

  /**
   * Whether all was told that can be; the connection may break in the middle. A task that the
   * scheduler does not take costs nobody but itself.
   *
   * @param lost whether the connection has broken meanwhile
   */
  boolean tell(InetSocketAddress scheduler, BooleanSupplier lost) throws InterruptedException {
    long gapMillis = Math.max(1, 1000 / perSecond);
    int told = 0;
    int failedInARow = 0;
    for (StoredTask task : store.list(Kind.TASK).reversed()) {
      if (lost.getAsBoolean() || failedInARow == MOST_FAILED) {
        return false;
      }
      if (!task.isComplete() || !schedulers.isPicked(scheduler, task.key().id())) {
        continue;
      }
      try {
        line.hold(scheduler, task);
        told++;
        failedInARow = 0;
      } catch (IOException | RuntimeException e) {
        // A task may leave the store while it is described.
        failedInARow++;
        logger.warn(
            "event=holding_not_announced task={} scheduler={} reason=\"{}\"",
            task.key(),
            scheduler,
            e.getMessage());
      }
      Thread.sleep(gapMillis);
    }
    if (told > 0) {
      logger.info("event=holdings_announced scheduler={} tasks={}", scheduler, told);
    }
    return true;
  }
}
