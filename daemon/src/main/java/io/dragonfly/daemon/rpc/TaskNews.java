package io.dragonfly.daemon.rpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.daemon.download.PieceNews;
import io.dragonfly.daemon.storage.StoreListener;
import io.dragonfly.daemon.storage.StoredTask;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the children of ours that follow one task what {@link PieceNews} decides. It listens to the
 * task while it has children. Any thread.
 */
final class TaskNews implements StoreListener {
  private static final Logger logger = LoggerFactory.getLogger(TaskNews.class);

  private final StoredTask task;
  private final ScheduledExecutorService timer;
  private final Executor threads;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final PieceNews<PieceFollower> decisions;

  @GuardedBy("lock")
  private final Set<PieceFollower> children = new LinkedHashSet<>();

  @GuardedBy("lock")
  private StoreListener.@Nullable Registration listening;

  @GuardedBy("lock")
  private long wakeAt = Long.MAX_VALUE;

  /**
   * @param seed whether this host reads origins for others
   * @param threads for work that may read from the disk
   */
  TaskNews(
      StoredTask task,
      boolean seed,
      RandomGenerator random,
      ScheduledExecutorService timer,
      Executor threads) {
    this.task = task;
    this.timer = timer;
    this.threads = threads;
    this.decisions = new PieceNews<>(task.layout().pieceCount(), seed, random);
  }

  /** The child will be told; {@link #begin} follows. */
  void add(PieceFollower child) {
    lock.lock();
    try {
      children.add(child);
      if (listening == null) {
        listening = task.listen(this);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The child is told from now on, also of what is here. */
  void begin(PieceFollower child, BitSet wanted) {
    // Listening before looking: a piece that comes in between is seen by one of them.
    deliver(decide((news, now) -> news.join(child, wanted, task.pieces(), task.relayed(), now)));
  }

  /** The child goes away, and {@link #leave} follows; returns whether it was the last one. */
  boolean remove(PieceFollower child) {
    boolean last;
    StoreListener.Registration registration = null;
    lock.lock();
    try {
      last = children.remove(child) && children.isEmpty();
      if (last) {
        registration = listening;
        listening = null;
      }
    } finally {
      lock.unlock();
    }
    if (registration != null) {
      registration.close();
    }
    return last;
  }

  /** The child is told nothing more. */
  void leave(PieceFollower child) {
    later((news, now) -> news.leave(child, now));
  }

  @Override
  public void pieceFinished(int number) {
    deliver(decide((news, now) -> news.held(number, now)));
  }

  @Override
  public void pieceBegun(int number) {
    deliver(decide((news, now) -> news.begun(number, now)));
  }

  @Override
  public void pieceStopped(int number) {
    later((news, now) -> news.stopped(number, now));
  }

  @Override
  public void uploadBegun(int number) {
    later((news, now) -> news.sending(number, now));
  }

  @Override
  public void uploadEnded(int number, boolean whole) {
    later((news, now) -> news.sent(number, whole, now));
  }

  @Override
  public void deleted() {
    List<PieceFollower> all;
    lock.lock();
    try {
      all = new ArrayList<>(children);
    } finally {
      lock.unlock();
    }
    all.forEach(PieceFollower::deleted);
  }

  private List<PieceNews.News<PieceFollower>> decide(
      BiFunction<PieceNews<PieceFollower>, Long, List<PieceNews.News<PieceFollower>>> event) {
    lock.lock();
    try {
      List<PieceNews.News<PieceFollower>> all = event.apply(decisions, System.nanoTime());
      wake();
      return all;
    } finally {
      lock.unlock();
    }
  }

  /** The same on a thread that may wait, for whoever tells of it may not. */
  private void later(
      BiFunction<PieceNews<PieceFollower>, Long, List<PieceNews.News<PieceFollower>>> event) {
    List<PieceNews.News<PieceFollower>> all = decide(event);
    if (!all.isEmpty()) {
      try {
        threads.execute(() -> deliver(all));
      } catch (RejectedExecutionException e) {
        logger.debug("event=news_dropped reason=the daemon stops");
      }
    }
  }

  private static void deliver(List<PieceNews.News<PieceFollower>> all) {
    for (PieceNews.News<PieceFollower> one : all) {
      if (one.whole()) {
        one.child().pieceFinished(one.piece());
      } else {
        one.child().pieceBegun(one.piece());
      }
    }
  }

  @GuardedBy("lock")
  private void wake() {
    long at = decisions.wakeAt();
    if (at >= wakeAt) {
      return;
    }
    wakeAt = at;
    try {
      ScheduledFuture<?> _ =
          timer.schedule(() -> tick(at), Math.max(0, at - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      logger.debug("event=news_dropped reason=the daemon stops");
    }
  }

  private void tick(long planned) {
    lock.lock();
    try {
      if (wakeAt != planned) {
        return; // An earlier one took its place.
      }
      wakeAt = Long.MAX_VALUE;
    } finally {
      lock.unlock();
    }
    later(PieceNews::tick);
  }
}
