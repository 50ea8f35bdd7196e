package io.dragonfly.daemon.link;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Decides when a scheduler that says nothing is asked for a sign of life, and when it counts as
 * lost. Silence alone is no loss: a scheduler has nothing to say while one peer waits for a slow
 * origin. Silence on a probe is, when it happens twice in a row.
 *
 * <p>Only schedulers with calls that wait for them are asked, one probe at a time for all calls.
 * Calls and times go in, what to do comes out. Times are nanoseconds on a clock that never goes
 * back; one thread at a time. Holds as much as there are schedulers that are called.
 */
public final class SchedulerSilence {
  /** One lost probe may be a pause of either end. */
  private static final int PROBES = 2;

  private final long quietNanos;
  private final Map<InetSocketAddress, Scheduler> schedulers = new LinkedHashMap<>();

  private static final class Scheduler {
    int calls;
    long heardAt;
    boolean probing;
    long probedAt;
    int unanswered;
  }

  /**
   * @param quietNanos how long a scheduler may say nothing before it is asked
   */
  public SchedulerSilence(long quietNanos) {
    this.quietNanos = quietNanos;
  }

  /** A call began that waits for what the scheduler says. */
  public void begun(InetSocketAddress address, long now) {
    Scheduler scheduler = schedulers.computeIfAbsent(address, _ -> new Scheduler());
    if (scheduler.calls == 0) {
      scheduler.heardAt = now;
      scheduler.unanswered = 0;
    }
    scheduler.calls++;
  }

  /** The scheduler said something, in any call. */
  public void heard(InetSocketAddress address, long now) {
    Scheduler scheduler = schedulers.get(address);
    if (scheduler != null) {
      scheduler.heardAt = now;
      scheduler.unanswered = 0;
    }
  }

  /** A call that had begun is over. */
  public void ended(InetSocketAddress address) {
    Scheduler scheduler = schedulers.get(address);
    if (scheduler != null) {
      scheduler.calls--;
      forgetUnused(address, scheduler);
    }
  }

  private void forgetUnused(InetSocketAddress address, Scheduler scheduler) {
    if (scheduler.calls == 0 && !scheduler.probing) {
      schedulers.remove(address);
    }
  }

  /** Whether any call waits, so that {@link #due} has to be asked again. */
  public boolean anyCalls() {
    return schedulers.values().stream().anyMatch(scheduler -> scheduler.calls > 0);
  }

  /** Whom to probe now; for each of them the outcome has to be told. */
  public List<InetSocketAddress> due(long now) {
    List<InetSocketAddress> due = new ArrayList<>();
    schedulers.forEach((address, scheduler) -> {
      boolean doubtful = scheduler.unanswered > 0 || now - scheduler.heardAt >= quietNanos;
      if (scheduler.calls > 0 && !scheduler.probing && doubtful) {
        scheduler.probing = true;
        scheduler.probedAt = now;
        due.add(address);
      }
    });
    return due;
  }

  /** The scheduler answered a probe, with whatever words. */
  public void answered(InetSocketAddress address, long now) {
    Scheduler scheduler = schedulers.get(address);
    if (scheduler != null) {
      scheduler.probing = false;
      scheduler.heardAt = now;
      scheduler.unanswered = 0;
      forgetUnused(address, scheduler);
    }
  }

  /**
   * The scheduler did not answer a probe.
   *
   * @return whether it is lost: whoever waits for it should stop to
   */
  public boolean unanswered(InetSocketAddress address, long now) {
    Scheduler scheduler = schedulers.get(address);
    if (scheduler == null) {
      return false;
    }
    scheduler.probing = false;
    boolean lost = false;
    // A word that came while the probe waited says as much as its answer.
    if (scheduler.calls > 0 && scheduler.heardAt - scheduler.probedAt < 0) {
      scheduler.unanswered++;
      lost = scheduler.unanswered == PROBES;
    }
    if (lost) {
      // The calls that begin from now on get the whole time again.
      scheduler.heardAt = now;
      scheduler.unanswered = 0;
    }
    forgetUnused(address, scheduler);
    return lost;
  }
}
