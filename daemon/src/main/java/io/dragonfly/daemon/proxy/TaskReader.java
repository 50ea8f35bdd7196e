package io.dragonfly.daemon.proxy;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.download.ByteCounts;
import io.dragonfly.daemon.download.ByteSource;
import io.dragonfly.daemon.download.Download;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.download.DownloadListener;
import io.dragonfly.daemon.download.DownloadSummary;
import io.dragonfly.daemon.storage.MissingPieceException;
import io.dragonfly.daemon.storage.PieceContent;
import io.dragonfly.daemon.storage.Pin;
import io.dragonfly.daemon.storage.StoreListener;
import io.dragonfly.daemon.storage.StoredPiece;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads the bytes of a task in order while it is downloaded: each as soon as its block is verified,
 * or as it comes from the origin. What the download and the store tell comes on any thread; reading
 * is for one.
 */
final class TaskReader implements DownloadListener, StoreListener, AutoCloseable {
  private final Duration patience;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Told told = new Told();

  /** What was told so far. */
  private static final class Told {
    @Nullable Started latest;
    int starts;
    @Nullable DownloadSummary summary;
    @Nullable DownloadException failure;
    ByteCounts progress = ByteCounts.NONE;

    /** Where each piece came from, or the last part of it. */
    final Map<Integer, ByteSource> sources = new HashMap<>();

    boolean left;
    boolean served;
    long changes;
  }

  // The reading thread's.
  private @Nullable Started content;
  private int start;
  private @Nullable Pin pin;
  private StoreListener.@Nullable Registration listening;
  private @Nullable PieceContent piece;
  private int number;
  private long awaited = -1;

  /**
   * @param patience how long nothing may happen
   */
  TaskReader(Duration patience) {
    this.patience = patience;
  }

  // What is told.

  @Override
  public boolean takesBlocks() {
    return true;
  }

  @Override
  public void started(Started started) {
    change(all -> {
      all.latest = started;
      all.starts++;
    });
  }

  @Override
  public void pieceFinished(StoredPiece stored, ByteSource source) {
    change(all -> all.sources.put(stored.number(), source));
  }

  @Override
  public void partFinished(int part, ByteSource source) {
    change(all -> all.sources.put(part, source));
  }

  @Override
  public void pieceFinished(int stored) {
    change(_ -> {});
  }

  @Override
  public void pieceBegun(int begun) {
    change(_ -> {});
  }

  @Override
  public void pieceArriving(int arriving) {
    change(_ -> {});
  }

  @Override
  public void deleted() {
    change(_ -> {});
  }

  @Override
  public void progress(ByteCounts bytes) {
    lock.lock();
    try {
      told.progress = bytes;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void finished(DownloadSummary result) {
    change(all -> all.summary = result);
  }

  @Override
  public void failed(DownloadException why) {
    change(all -> all.failure = why);
  }

  /** Any thread: the client went away, and every wait ends. */
  void leave() {
    change(all -> all.left = !all.served);
  }

  private void change(Consumer<Told> what) {
    lock.lock();
    try {
      what.accept(told);
      told.changes++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  // What is read.

  /** Waits until the content is known, and keeps it from then on. */
  Started awaitStarted() throws DownloadException, IOException {
    while (true) {
      long seen = ask(all -> all.changes);
      int starts = ask(all -> all.starts);
      Started started = ask(all -> Optional.ofNullable(all.latest)).orElse(null);
      Optional<Pin> held = started == null ? Optional.empty() : started.task().tryPin();
      if (started != null && held.isPresent()) {
        content = started;
        start = starts;
        pin = held.get();
        listening = started.task().listen(this);
        return started;
      }
      awaitChange(seen);
    }
  }

  /**
   * The piece that a position is in, if all of it is there from that position on; waits for
   * nothing. It is the reader's, until something else is asked of that. Empty as well when
   * something is wrong, which shows when the position is read.
   */
  Optional<PieceContent> whole(Download download, long position) {
    Started started = Objects.requireNonNull(content);
    if (ask(all -> all.starts) != start) {
      return Optional.empty();
    }
    PieceLayout layout = started.task().layout();
    int wanted = layout.pieceAt(position);
    long offset = position - layout.offset(wanted);
    try {
      PieceContent open = open(download, started, wanted, offset);
      return Optional.ofNullable(open)
          .filter(one -> one.available(offset) == one.length() - offset);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * Reads what there is from a position on, at least one byte; waits for it.
   *
   * @throws DownloadException when it will not come
   * @throws IOException when it can't be read, or the client went away
   */
  int read(Download download, long position, ByteBuffer target)
      throws DownloadException, IOException {
    Started started = Objects.requireNonNull(content);
    PieceLayout layout = started.task().layout();
    int wanted = layout.pieceAt(position);
    long offset = position - layout.offset(wanted);
    while (true) {
      long seen = ask(all -> all.changes);
      if (ask(all -> all.starts) != start) {
        throw new DownloadException(
            Code.CONTENT_CHANGED, "The content changed at its origin while it was sent.");
      }
      PieceContent open = open(download, started, wanted, offset);
      if (open != null) {
        if (open.available(offset) > 0) {
          int count = open.read(offset, target);
          if (count > 0) {
            return count;
          }
        } else if (open.isBroken()) {
          closePiece();
          continue;
        } else if (awaited != offset) {
          awaited = offset;
          open.whenAvailable(offset, () -> change(_ -> {}));
        }
      }
      awaitChange(seen);
    }
  }

  private @Nullable PieceContent open(Download download, Started started, int wanted, long offset)
      throws IOException {
    if (piece != null && number == wanted) {
      return piece;
    }
    closePiece();
    if (number != wanted) {
      download.reading(wanted);
    }
    number = wanted;
    try {
      piece = started.task().viewForThisHost(wanted, offset);
    } catch (MissingPieceException e) {
      return null;
    }
    return piece;
  }

  /** The client has all it wanted: whether it goes away does not matter any more. */
  void clientServed() {
    change(all -> {
      all.served = true;
      all.left = false;
    });
  }

  /** Waits for the end of the download, with which a digest is right. */
  DownloadSummary awaitFinished() throws DownloadException, IOException {
    while (true) {
      long seen = ask(all -> all.changes);
      Optional<DownloadSummary> summary = summary();
      if (summary.isPresent()) {
        return summary.get();
      }
      awaitChange(seen);
    }
  }

  /** The bytes so far, by where they came from. */
  ByteCounts bytes() {
    return ask(all -> all.summary == null ? all.progress : all.summary.bytes());
  }

  /**
   * The bytes from one position to before another, which were read, by where they came from. Of a
   * piece that is still coming in that is where most of what belongs to no other piece comes from.
   */
  ByteCounts sources(long from, long to) {
    PieceLayout layout = Objects.requireNonNull(content).task().layout();
    ByteCounts known = ByteCounts.NONE;
    long rest = to - from;
    for (long position = from; position < to; ) {
      int at = layout.pieceAt(position);
      long end = Math.min(to, layout.offset(at) + layout.length(at));
      Optional<ByteSource> source = ask(all -> Optional.ofNullable(all.sources.get(at)));
      if (source.isPresent()) {
        known = known.plus(source.get(), end - position);
        rest -= end - position;
      }
      position = end;
    }
    return rest == 0 ? known : known.plus(bytes().mostBeyond(known), rest);
  }

  /** Present once the download is done. */
  Optional<DownloadSummary> summary() {
    return ask(all -> Optional.ofNullable(all.summary));
  }

  private <T> T ask(Function<Told, T> question) {
    lock.lock();
    try {
      return question.apply(told);
    } finally {
      lock.unlock();
    }
  }

  private void awaitChange(long seen) throws DownloadException, IOException {
    long nanos = patience.toNanos();
    lock.lock();
    try {
      while (told.changes == seen) {
        if (told.left) {
          throw new ClientGoneException();
        }
        if (told.failure != null) {
          throw told.failure;
        }
        if (told.summary != null) {
          throw new DownloadException(
              Code.DELETED, "The content was deleted from this host's cache while it was read.");
        }
        if (nanos <= 0) {
          throw new DownloadException(Code.TIMED_OUT, "Nothing came for " + patience + ".");
        }
        nanos = changed.awaitNanos(nanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the proxy is being shut down");
    } finally {
      lock.unlock();
    }
  }

  private void closePiece() {
    if (piece != null) {
      piece.close();
      piece = null;
    }
    awaited = -1;
  }

  @Override
  public void close() {
    closePiece();
    if (listening != null) {
      listening.close();
      listening = null;
    }
    if (pin != null) {
      pin.close();
      pin = null;
    }
  }
}
