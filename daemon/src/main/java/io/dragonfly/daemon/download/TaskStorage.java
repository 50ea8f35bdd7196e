package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.TinyContent;
import io.dragonfly.daemon.storage.NoSpaceException;
import io.dragonfly.daemon.storage.PieceEditor;
import io.dragonfly.daemon.storage.PieceView;
import io.dragonfly.daemon.storage.Pin;
import io.dragonfly.daemon.storage.StoreListener;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import io.dragonfly.daemon.storage.TaskOrigin;
import io.dragonfly.daemon.storage.TrafficType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The places where one download stores its task: one for each version of the content it met. */
final class TaskStorage {
  private static final Logger log = LoggerFactory.getLogger(TaskStorage.class);

  private final Downloads.Surroundings surroundings;
  private final TaskKey key;
  private final Consumer<Event> events;
  private final List<Version> versions = new ArrayList<>();

  /** The scheduler has the bytes of this tiny content: it gave them, or was told. */
  private boolean tinyTold;

  /**
   * One version's place; pinned until the download is gone.
   *
   * @param promised pieces that room was set aside for
   */
  private record Version(
      int epoch,
      StoredTask task,
      Pin pin,
      StoreListener.Registration listening,
      ParkedEditors parked,
      BitSet promised) {}

  TaskStorage(Downloads.Surroundings surroundings, TaskKey key, Consumer<Event> events) {
    this.surroundings = surroundings;
    this.key = key;
    this.events = events;
  }

  /** What the host holds of the task from before. */
  Optional<Event> findLocal() {
    Optional<StoredTask> found =
        surroundings.store().find(key).filter(task -> task.content().length().isPresent());
    Optional<Pin> pin = found.flatMap(StoredTask::tryPin);
    if (found.isEmpty() || pin.isEmpty()) {
      return Optional.empty();
    }
    add(0, found.get(), pin.get());
    return Optional.of(opened(0, found.get()));
  }

  /**
   * Makes room for a content, in place of what was there.
   *
   * @param expectedBytes the whole content's, or 0 when only parts will be wanted
   */
  Event open(int epoch, ContentInfo content, TaskOrigin origin, long expectedBytes) {
    try {
      StoredTask task = surroundings.store().create(key, origin, content, expectedBytes);
      add(epoch, task, task.pin());
      if (expectedBytes > 0) {
        versions.getLast().promised.set(0, task.layout().pieceCount());
      }
      return opened(epoch, task);
    } catch (NoSpaceException e) {
      return new Event.TaskRefused(epoch, true, Messages.of(e));
    } catch (IOException | RuntimeException e) {
      log.warn("event=task_not_stored task={} error={}", key, e.toString());
      return new Event.TaskRefused(epoch, false, Messages.of(e));
    }
  }

  private void add(int epoch, StoredTask task, Pin pin) {
    StoreListener.Registration listening =
        task.listen(
            new StoreListener() {
              @Override
              public void pieceFinished(int number) {
                // this download finishes the pieces, and knows
              }

              @Override
              public void deleted() {
                // A stream that was cut goes by itself; the read that it came from says why.
                if (task.content().length().isPresent()) {
                  events.accept(new Event.TaskDeleted(epoch));
                }
              }
            });
    versions.add(new Version(epoch, task, pin, listening, new ParkedEditors(), new BitSet()));
  }

  private static Event opened(int epoch, StoredTask task) {
    return new Event.TaskOpened(epoch, task.content(), task.pieces(), task.roots(), task.parts());
  }

  /** Stores what came with the scheduler's answer, unless it is not what the root vouches for. */
  Event storeTiny(Action.StoreTiny tiny) {
    Optional<StoredTask> task = find(tiny.epoch()).map(OriginReader.Storage::task);
    if (task.isEmpty()) {
      return new Event.TinyFailed(tiny.epoch());
    }
    try (PieceEditor editor = task.get().edit(0).orElse(null)) {
      if (editor == null) {
        return new Event.TinyFailed(tiny.epoch());
      }
      editor.write(ByteBuffer.wrap(tiny.content().bytes()));
      tinyTold = true;
      return new Event.TinyStored(
          tiny.epoch(),
          editor.commit(
              Optional.of(tiny.root()),
              Optional.empty(),
              TrafficType.REMOTE_PEER,
              "",
              Duration.ZERO));
    } catch (NoSpaceException e) {
      return new Event.StorageFailed(tiny.epoch(), true, Messages.of(e));
    } catch (IOException | RuntimeException e) {
      log.warn("event=tiny_content_not_stored task={} error={}", key, e.toString());
      return new Event.TinyFailed(tiny.epoch());
    }
  }

  /** The whole content, once, when it is tiny and the scheduler did not give it. */
  Optional<TinyContent> tinyToTell() {
    Optional<StoredTask> found = latest().map(OriginReader.Storage::task);
    if (tinyTold || found.isEmpty() || !TinyContent.mayBe(found.get().content())) {
      return Optional.empty();
    }
    tinyTold = true;
    try (PieceView view = found.get().view(0)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) view.length());
      while (bytes.hasRemaining() && view.read(bytes.position(), bytes) > 0) {
        // Till it is full.
      }
      return Optional.of(TinyContent.of(bytes.array()));
    } catch (IOException | RuntimeException e) {
      log.debug("event=tiny_content_not_told task={} error={}", key, e.toString());
      return Optional.empty();
    }
  }

  /** Where the epoch's pieces go; empty when it never was opened. */
  Optional<OriginReader.Storage> find(int epoch) {
    return versions.stream()
        .filter(version -> version.epoch == epoch)
        .map(version -> new OriginReader.Storage(version.task, epoch, version.parked))
        .findFirst();
  }

  /** Where the present version's pieces go. */
  Optional<OriginReader.Storage> latest() {
    return versions.isEmpty() ? Optional.empty() : find(versions.getLast().epoch);
  }

  /**
   * Sets room aside for what is missing of a caller's part of the content and was not promised yet.
   *
   * @param byBlocks whether the blocks with bytes of it are enough
   * @return the refusal, when there is none
   */
  Optional<Event> reserve(int epoch, long waiter, ByteRange wanted, boolean byBlocks) {
    for (Version version : versions) {
      if (version.epoch == epoch && wanted.length() > 0) {
        BitSet missing = new BitSet();
        PieceLayout layout = version.task.layout();
        missing.set(layout.firstPiece(wanted), layout.lastPiece(wanted) + 1);
        missing.andNot(version.promised);
        missing.andNot(version.task.pieces());
        try {
          long bytes = 0;
          BitSet whole = new BitSet();
          for (int piece = missing.nextSetBit(0);
              piece >= 0;
              piece = missing.nextSetBit(piece + 1)) {
            BlockSet blocks = byBlocks ? layout.blocks(piece, wanted) : layout.blocks(piece);
            bytes += layout.bytes(piece, blocks);
            whole.set(piece, blocks.equals(layout.blocks(piece)));
          }
          version.task.reserve(bytes);
          version.promised.or(whole);
        } catch (IOException e) {
          return Optional.of(
              new Event.SpaceRefused(epoch, waiter, e instanceof NoSpaceException, Messages.of(e)));
        }
      }
    }
    return Optional.empty();
  }

  /** The task goes from the cache, unless it is another by now. */
  void drop(int epoch) {
    Optional<StoredTask> task = find(epoch).map(OriginReader.Storage::task);
    if (task.isPresent() && surroundings.store().find(key).equals(task)) {
      boolean _ = surroundings.store().delete(key);
    }
  }

  /** Remembers that a download of it failed. */
  void markFailed() {
    latest()
        .map(OriginReader.Storage::task)
        .filter(task -> !task.isComplete())
        .ifPresent(StoredTask::markFailed);
  }

  /** Lets everything go; a task of which nothing was stored is removed. */
  void close() {
    for (Version version : versions) {
      version.parked.close();
      version.listening.close();
    }
    if (!versions.isEmpty()) {
      Version last = versions.getLast();
      boolean empty =
          last.task.content().length().orElse(1) > 0
              && last.task.pieces().isEmpty()
              && last.task.parts().isEmpty();
      if (empty) {
        drop(last.epoch);
      }
    }
    versions.forEach(version -> version.pin.close());
  }
}
