package io.dragonfly.daemon.link;

import io.dragonfly.daemon.storage.Kind;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoredTask;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a scheduler of ours which complete tasks this host holds; those first that were used last,
 * for they are the likeliest to be asked for.
 */
final class Holdings {
  private static final Logger logger = LoggerFactory.getLogger(Holdings.class);

  /** So many refusals are logged one by one. */
  private static final int MOST_NAMED = 5;

  private final PieceStore store;
  private final SchedulerSet schedulers;
  private final SchedulerLine line;

  Holdings(PieceStore store, SchedulerSet schedulers, SchedulerLine line) {
    this.store = store;
    this.schedulers = schedulers;
    this.line = line;
  }

  /**
   * Whether all was told that can be; the connection may break in the middle. A task that the
   * scheduler does not take costs nobody but itself.
   *
   * @param lost whether the connection has broken meanwhile
   */
  boolean tell(InetSocketAddress scheduler, BooleanSupplier lost) throws InterruptedException {
    Iterator<StoredTask> told =
        store.list(Kind.TASK).reversed().stream()
            .takeWhile(_ -> !lost.getAsBoolean())
            .filter(StoredTask::isComplete)
            .filter(task -> schedulers.isPicked(scheduler, task.key().id()))
            .iterator();
    if (!told.hasNext()) {
      return !lost.getAsBoolean();
    }
    List<String> refusals = new ArrayList<>();
    int taken;
    try {
      taken =
          line.hold(scheduler, told, (task, reason) -> refusals.add("task=" + task + " " + reason));
    } catch (IOException e) {
      logger.warn(
          "event=holdings_not_announced scheduler={} reason=\"{}\"", scheduler, e.getMessage());
      return false;
    }
    refusals.stream()
        .limit(MOST_NAMED)
        .forEach(
            refusal -> logger.warn("event=holding_refused scheduler={} {}", scheduler, refusal));
    logger.info(
        "event=holdings_announced scheduler={} tasks={} refused={}",
        scheduler,
        taken,
        refusals.size());
    return !lost.getAsBoolean();
  }
}
