package io.dragonfly.daemon.output;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.daemon.download.ByteCounts;
import io.dragonfly.daemon.download.ByteSource;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadListener;
import io.dragonfly.daemon.download.DownloadSummary;
import io.dragonfly.daemon.storage.StoredPiece;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Hands what a download tells to the thread that answers its caller, so that a slow caller never
 * holds the download up. It holds at most one entry for each piece; progress is only the latest.
 * Safe for many threads.
 */
public final class DownloadFeed implements DownloadListener {
  private final boolean givesBytes;
  private final boolean takesBlocks;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final ArrayDeque<Event> events = new ArrayDeque<>();

  @GuardedBy("lock")
  private @Nullable ByteCounts progress;

  @GuardedBy("lock")
  private boolean gone;

  @GuardedBy("lock")
  private boolean contentGone;

  /** What a download told, in its order. */
  public sealed interface Event {
    /** The content is known; a second one makes everything before void. */
    record Began(Started started) implements Event {}

    record Piece(StoredPiece piece, ByteSource source) implements Event {}

    /** All that the caller wants of a piece that is not whole. */
    record Part(int piece) implements Event {}

    record Progress(ByteCounts bytes) implements Event {}

    record Done(DownloadSummary summary) implements Event {}

    record Failed(DownloadException failure) implements Event {}

    /** The caller went away: there is nobody left to answer. */
    record Gone() implements Event {}
  }

  /** For a caller that gets the content, or a part of it. */
  public DownloadFeed() {
    this(true);
  }

  /**
   * @param givesBytes see {@link DownloadListener#givesBytes}
   */
  public DownloadFeed(boolean givesBytes) {
    this(givesBytes, false);
  }

  /** For a caller that of a range reads blocks, and hears of parts of pieces. */
  public static DownloadFeed byBlocks() {
    return new DownloadFeed(true, true);
  }

  private DownloadFeed(boolean givesBytes, boolean takesBlocks) {
    this.givesBytes = givesBytes;
    this.takesBlocks = takesBlocks;
  }

  @Override
  public boolean takesBlocks() {
    return takesBlocks;
  }

  @Override
  public boolean givesBytes() {
    return givesBytes;
  }

  @Override
  public void started(Started started) {
    lock.lock();
    try {
      // Pieces of a version that is void must not follow the news of its successor.
      events.clear();
      events.add(new Event.Began(started));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void pieceFinished(StoredPiece piece, ByteSource source) {
    add(new Event.Piece(piece, source));
  }

  @Override
  public void partFinished(int piece, ByteSource source) {
    add(new Event.Part(piece));
  }

  @Override
  public void progress(ByteCounts bytes) {
    lock.lock();
    try {
      progress = bytes;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void finished(DownloadSummary summary) {
    add(new Event.Done(summary));
  }

  @Override
  public void failed(DownloadException failure) {
    add(new Event.Failed(failure));
  }

  private void add(Event event) {
    lock.lock();
    try {
      events.add(event);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * The content that began has left the store before it could be pinned. What the download says of
   * it is passed over: what comes next is another version, or why it failed.
   */
  public void contentGone() {
    lock.lock();
    try {
      contentGone = true;
    } finally {
      lock.unlock();
    }
  }

  /** The caller went away; from now on every {@link #next} is {@link Event.Gone}. */
  public void leave() {
    lock.lock();
    try {
      gone = true;
      events.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for what comes next. Progress yields to everything else. */
  public Event next() throws InterruptedException {
    return next(Duration.ofDays(3650)).orElseGet(Event.Gone::new);
  }

  /** As {@link #next()}; empty when nothing came in time. */
  public Optional<Event> next(Duration patience) throws InterruptedException {
    long left = patience.toNanos();
    lock.lock();
    try {
      while (true) {
        if (gone) {
          return Optional.of(new Event.Gone());
        }
        Event event = poll();
        if (event != null) {
          return Optional.of(event);
        }
        ByteCounts latest = progress;
        if (latest != null) {
          progress = null;
          return Optional.of(new Event.Progress(latest));
        }
        if (left <= 0) {
          return Optional.empty();
        }
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private @Nullable Event poll() {
    Event event = events.poll();
    while (contentGone && (event instanceof Event.Piece || event instanceof Event.Part)) {
      event = events.poll();
    }
    if (event == null || !contentGone) {
      return event;
    }
    contentGone = false;
    return event instanceof Event.Done
        ? new Event.Failed(
            new DownloadException(
                DownloadException.Code.DELETED,
                "The content was deleted from this host's cache before it could be read: try"
                    + " again."))
        : event;
  }
}
