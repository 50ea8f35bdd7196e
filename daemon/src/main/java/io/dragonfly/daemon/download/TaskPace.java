package io.dragonfly.daemon.download;

import io.dragonfly.common.limit.FairBucket;
import io.dragonfly.common.limit.Pace;
import io.dragonfly.daemon.link.DownloadRequest;
import java.util.Collection;
import java.util.List;

/**
 * How fast one task may come in: its part of the host's rates, and what its callers ask for. The
 * caller that allows the most counts, and one without a limit lifts it: nobody waits for another's
 * limit. Any thread.
 */
final class TaskPace {
  private static final int LANES_OF_A_SLOW_TASK = 2;

  private final FairBucket own = FairBucket.ofRate(FairBucket.UNLIMITED);
  private final Pace fromParents;
  private final Pace fromOrigin;
  private volatile boolean prefetch;

  TaskPace(DownloadRates rates, Object task) {
    Pace prefetched = whilePrefetching(rates.prefetch().paceOf(task));
    this.fromParents =
        Pace.allOf(List.of(rates.download().paceOf(task), own.paceOf(task), prefetched));
    this.fromOrigin = Pace.allOf(List.of(fromParents, rates.backToSource().paceOf(task)));
  }

  /** Sets what the callers ask for; without any, all stays as it was. */
  void serve(Collection<DownloadRequest> callers) {
    if (callers.isEmpty()) {
      return;
    }
    prefetch = callers.stream().allMatch(DownloadRequest::prefetch);
    long rate =
        callers.stream()
            .mapToLong(request -> request.bytesPerSecond().orElse(FairBucket.UNLIMITED))
            .max()
            .orElse(FairBucket.UNLIMITED);
    if (rate != own.bytesPerSecond()) {
      own.bytesPerSecond(rate);
    }
  }

  /** Pieces that may come from parents at the same time; a slow task needs few threads. */
  int lanes() {
    return own.bytesPerSecond() < FairBucket.UNLIMITED ? LANES_OF_A_SLOW_TASK : Integer.MAX_VALUE;
  }

  Pace fromParents() {
    return fromParents;
  }

  Pace fromOrigin() {
    return fromOrigin;
  }

  private Pace whilePrefetching(Pace pace) {
    return new Pace() {
      @Override
      public long reserve(long bytes) {
        return prefetch ? pace.reserve(bytes) : 0;
      }

      @Override
      public int grain(int most) {
        return prefetch ? pace.grain(most) : most;
      }
    };
  }
}
