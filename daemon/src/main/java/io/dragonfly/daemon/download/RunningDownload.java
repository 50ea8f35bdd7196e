package io.dragonfly.daemon.download;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.link.LinkListener;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.PieceSync;
import io.dragonfly.daemon.link.SwarmLink;
import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import io.dragonfly.daemon.storage.TaskOrigin;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does what a {@link TaskDownload} decides, on the mailbox's thread, one batch of events at a time.
 *
 * <p>It ends in two steps: after Done it takes no more callers; once its last worker has let go of
 * the storage it is gone, and another download of the task may begin.
 */
final class RunningDownload {
  private static final Logger log = LoggerFactory.getLogger(RunningDownload.class);

  private final Workshop workshop;
  private final Downloads owner;
  private final TaskKey key;
  private final TaskDownload decisions;
  private final Mailbox mailbox;
  private final TaskStorage storage;
  private final TaskPace pace;
  private final Lanes lanes;

  /** Any thread; everything else here belongs to the mailbox. */
  private final Map<Long, DownloadHandle> callers = new ConcurrentHashMap<>();

  private final Map<Integer, SwarmLink> links = new HashMap<>();
  private final Map<Integer, AutoCloseable> syncs = new HashMap<>();
  private final Map<Long, PieceFetch> fetches = new HashMap<>();
  private final Map<Long, OriginReader> reads = new HashMap<>();

  /** Workers that may still touch the storage, and one for the mailbox itself. */
  private final AtomicInteger users = new AtomicInteger(1);

  private boolean begun;
  private boolean ended;
  private volatile PeerId peer;

  RunningDownload(Workshop workshop, Downloads owner, TaskKey key, RandomGenerator random) {
    this.workshop = workshop;
    this.owner = owner;
    this.key = key;
    this.decisions =
        new TaskDownload(
            workshop.options,
            random,
            workshop.surroundings.peerIds(),
            workshop.surroundings.links().anyScheduler());
    this.peer = decisions.peer();
    this.pace = new TaskPace(workshop.surroundings.rates(), key);
    this.lanes = new Lanes(workshop.transfers, pace::lanes);
    this.storage = new TaskStorage(workshop.surroundings, key, this::post);
    this.mailbox = new Mailbox(workshop.virtual, workshop.clock, workshop::now, this::take);
  }

  TaskKey key() {
    return key;
  }

  PeerId peer() {
    return peer;
  }

  /** How fast the task may come in. Any thread. */
  TaskPace pace() {
    return pace;
  }

  /** Callers that it serves. Any thread. */
  int callers() {
    return callers.size();
  }

  /** Any thread. Returns whether it was in time; after the end nothing is. */
  @CanIgnoreReturnValue
  boolean post(Event event) {
    return mailbox.post(event);
  }

  /** Any thread. Returns false when it is too late to join. */
  boolean join(DownloadHandle caller) {
    callers.put(caller.id, caller);
    setPace();
    if (post(new Event.Attach(caller.id, caller.request, caller.listener.takesBlocks()))) {
      return true;
    }
    callers.remove(caller.id);
    return false;
  }

  private void take(List<Event> events) {
    if (ended) {
      return;
    }
    try {
      decide(events);
    } catch (RuntimeException e) {
      log.error("event=download_broke task={}", key, e);
      breakDown(e);
    }
  }

  private void decide(List<Event> events) {
    events.forEach(this::forget);
    List<Event> batch = events;
    if (!begun) {
      begun = true;
      batch = new ArrayList<>();
      storage.findLocal().ifPresent(batch::add);
      batch.addAll(events);
    }
    List<Action> actions = decisions.on(batch, workshop.now());
    peer = decisions.peer();
    for (Action action : actions) {
      try {
        perform(action);
      } catch (RejectedExecutionException e) {
        log.debug("event=action_after_close task={} action={}", key, action);
      }
    }
    if (decisions.isDone()) {
      end();
    } else if (decisions.wakeAt() < Long.MAX_VALUE) {
      mailbox.wakeIn(decisions.wakeAt() - workshop.now());
    }
  }

  /** What is over by itself need not be stopped any more. */
  private void forget(Event event) {
    switch (event) {
      case Event.FetchDone(long fetch, var _, var _) -> fetches.remove(fetch);
      case Event.BlocksFetched(long fetch, var _, var _) -> fetches.remove(fetch);
      case Event.FetchFailed(long fetch, var _, var _) -> fetches.remove(fetch);
      case Event.OriginEnded(long read) -> reads.remove(read);
      case Event.OriginStored(long read, var _, var _) -> reads.remove(read);
      case Event.OriginBroke(long read, var _) -> reads.remove(read);
      case Event _ -> {
        // nothing ended
      }
    }
  }

  /** A mistake of ours: the callers hear of it rather than wait for ever. */
  private void breakDown(RuntimeException cause) {
    DownloadException failure =
        new DownloadException(
            Code.INTERNAL,
            "The download of task "
                + key
                + " broke down: "
                + Messages.of(cause)
                + ". The daemon's log says where.");
    List.copyOf(callers.keySet()).forEach(id -> answer(id, listener -> listener.failed(failure)));
    end();
  }

  private void perform(Action action) {
    switch (action) {
      case Action.OpenLink(int link) ->
          links.put(link, workshop.surroundings.links().open(key.id(), new LinkEvents(link)));
      case Action.Send(int link, var report) -> {
        SwarmLink open = links.get(link);
        if (open != null) {
          open.send(report);
          if (report instanceof PeerReport.PiecesDone) {
            storage.tinyToTell().ifPresent(tiny -> open.send(new PeerReport.Tiny(tiny)));
          }
        }
      }
      case Action.CloseLink(int link) -> {
        SwarmLink open = links.remove(link);
        if (open != null) {
          open.close();
        }
      }
      case Action.OpenTask(int epoch, var content) ->
          post(storage.open(epoch, content, origin(), expectedBytes(content.length().orElse(0))));
      case Action.DropTask(int epoch) -> storage.drop(epoch);

      case Action.Follow follow ->
          syncs.put(
              follow.sync(),
              workshop
                  .surroundings
                  .sync()
                  .follow(
                      follow.parent(), key, follow.interested(), new SyncEvents(follow.sync())));
      case Action.Unfollow(int sync) -> close(syncs.remove(sync));
      case Action.Fetch fetch -> fetch(fetch);
      case Action.StoreTiny tiny -> post(storage.storeTiny(tiny));
      case Action.AbortFetch(long id) -> {
        PieceFetch fetch = fetches.remove(id);
        if (fetch != null) {
          fetch.abort();
        }
      }

      case Action.LookAtOrigin look -> read(look.read(), OriginReader.look(workshop, this, look));
      case Action.ReadOrigin run ->
          storage
              .find(run.epoch())
              .ifPresent(where -> read(run.read(), OriginReader.run(workshop, this, where, run)));
      case Action.TakeAnswer take ->
          storage
              .find(take.epoch())
              .ifPresent(where ->
                  target(
                      take.read(),
                      new OriginReader.Target.Pieces(
                          where, new PieceShare(take.pieces(), take.parts()))));
      case Action.TakeStream take ->
          storage
              .find(take.epoch())
              .ifPresent(where ->
                  target(
                      take.read(),
                      new OriginReader.Target.Stream(where, take.requestedPieceLength())));
      case Action.StopRead(long id) -> {
        OriginReader reader = reads.remove(id);
        if (reader != null) {
          reader.stop();
        }
      }

      case Action.Started started -> started(started);
      case Action.PieceHeld held -> pieceHeld(held);
      case Action.PartHeld(long id, int _, int piece, var source) ->
          tell(id, listener -> listener.partFinished(piece, source));
      case Action.Arrived(ByteSource source, long bytes) ->
          workshop.surroundings.traffic().arrived(source, bytes);
      case Action.Progress(long id, ByteCounts bytes) ->
          tell(id, listener -> listener.progress(bytes));
      case Action.CheckDigest(int epoch, Digest expected) -> checkDigest(epoch, expected);
      case Action.Finished(long id, DownloadSummary summary) ->
          answer(id, listener -> listener.finished(summary));
      case Action.Failed(long id, DownloadException failure) -> failed(id, failure);
      case Action.Done() -> log.debug("event=download_over task={}", key);
    }
  }

  // Storage.

  private TaskOrigin origin() {
    return callers.values().stream()
        .map(caller -> caller.request)
        .min((a, b) -> Boolean.compare(a.disableBackToSource(), b.disableBackToSource()))
        .map(request -> new TaskOrigin(workshop.surroundings.withoutCredentials().apply(request)))
        .orElseGet(() -> new TaskOrigin(new byte[0]));
  }

  /** Room for all of it, unless only parts are asked for: theirs is set aside when they start. */
  private long expectedBytes(long length) {
    boolean parts =
        callers.values().stream().allMatch(caller -> caller.request.rangeHeader().isPresent());
    return parts ? 0 : length;
  }

  private void checkDigest(int epoch, Digest expected) {
    Optional<StoredTask> task = storage.find(epoch).map(OriginReader.Storage::task);
    if (task.isPresent()) {
      users.incrementAndGet();
      workshop.digests.execute(() -> {
        try {
          post(
              new Event.DigestComputed(
                  expected, Optional.of(task.get().contentDigest(expected.algorithm()))));
        } catch (IOException | RuntimeException e) {
          log.warn("event=digest_not_read task={} error={}", key, e.toString());
          post(new Event.DigestComputed(expected, Optional.empty()));
        } finally {
          release();
        }
      });
    }
  }

  // Workers.

  private void fetch(Action.Fetch action) {
    // The epoch of a fetch is the present one: it is decided upon with the pieces held now.
    Optional<OriginReader.Storage> where = storage.latest();
    if (where.isEmpty()) {
      return;
    }
    where.get().parked().release(action.piece());
    users.incrementAndGet();
    PieceFetch fetch =
        new PieceFetch(
            workshop, this, where.get().task(), where.get().epoch(), action, this::release);
    fetches.put(action.fetch(), fetch);
    try {
      lanes.execute(fetch);
    } catch (RejectedExecutionException e) {
      fetch.abort();
    }
  }

  private void read(long id, OriginReader reader) {
    reads.put(id, reader);
    users.incrementAndGet();
    workshop.virtual.execute(() -> {
      try {
        reader.run();
      } finally {
        release();
      }
    });
  }

  private void target(long id, OriginReader.Target target) {
    OriginReader reader = reads.get(id);
    if (reader != null) {
      reader.take(target);
    }
  }

  // Callers.

  private void started(Action.Started started) {
    Optional<OriginReader.Storage> where = storage.find(started.epoch());
    DownloadHandle caller = callers.get(started.waiter());
    if (where.isEmpty() || caller == null) {
      return;
    }
    StoredTask task = where.get().task();
    var told =
        new DownloadListener.Started(task.content(), started.wanted(), task, started.cached());
    if (!told.fromCache() && started.wanted().isPresent()) {
      storage
          .reserve(
              started.epoch(),
              started.waiter(),
              started.wanted().get(),
              caller.listener.takesBlocks())
          .ifPresent(this::post);
    }
    tell(started.waiter(), listener -> listener.started(told));
  }

  private void pieceHeld(Action.PieceHeld held) {
    storage
        .find(held.epoch())
        .flatMap(where -> where.task().piece(held.piece()))
        .ifPresent(
            piece -> tell(held.waiter(), listener -> listener.pieceFinished(piece, held.source())));
  }

  private void failed(long id, DownloadException failure) {
    switch (failure.code()) {
      case ORIGIN_REFUSED,
          ORIGIN_UNAVAILABLE,
          CONTENT_CHANGED,
          NO_SOURCE,
          NO_SPACE,
          STORAGE_FAILED ->
          storage.markFailed();
      case FORBIDDEN,
          INVALID_REQUEST,
          RANGE_NOT_SATISFIABLE,
          DIGEST_MISMATCH,
          TIMED_OUT,
          CANCELLED,
          DELETED,
          TOO_MANY_DOWNLOADS,
          SHUTTING_DOWN,
          INTERNAL -> {}
    }
    answer(id, listener -> listener.failed(failure));
  }

  private interface Telling {
    void tell(DownloadListener listener);
  }

  /** A caller that throws is not told more, and leaves. */
  private void tell(long id, Telling telling) {
    DownloadHandle caller = callers.get(id);
    if (caller == null) {
      return;
    }
    try {
      telling.tell(caller.listener);
    } catch (RuntimeException e) {
      log.warn("event=listener_failed task={}", key, e);
      post(
          new Event.Detach(
              id,
              new DownloadException(
                  Code.INTERNAL,
                  "The receiver of "
                      + caller.request.urlForDisplay()
                      + " failed: "
                      + Messages.of(e))));
    }
  }

  private void answer(long id, Telling telling) {
    tell(id, telling);
    callers.remove(id);
    setPace();
  }

  private void setPace() {
    pace.serve(callers.values().stream().map(caller -> caller.request).toList());
  }

  // The end.

  private void end() {
    ended = true;
    List<Event> left = mailbox.close();
    links.values().forEach(SwarmLink::close);
    syncs.values().forEach(RunningDownload::close);
    fetches.values().forEach(PieceFetch::abort);
    reads.values().forEach(OriginReader::stop);
    List<DownloadHandle> late = new ArrayList<>();
    for (Event event : left) {
      if (event instanceof Event.Attach attach && callers.containsKey(attach.waiter())) {
        late.add(callers.get(attach.waiter()));
      }
    }
    owner.over(this, late);
    release();
  }

  /** Any thread: a worker let go of the storage. */
  private void release() {
    if (users.decrementAndGet() == 0) {
      storage.close();
      owner.gone(this);
    }
  }

  private static void close(@Nullable AutoCloseable closeable) {
    if (closeable != null) {
      try {
        closeable.close();
      } catch (Exception e) {
        log.debug("event=not_closed error={}", e.toString());
      }
    }
  }

  /** Posts what a link says. */
  private final class LinkEvents implements LinkListener {
    private final int link;

    LinkEvents(int link) {
      this.link = link;
    }

    @Override
    public void ready(boolean extension) {
      post(new Event.LinkReady(link, extension));
    }

    @Override
    public void order(SwarmOrder order) {
      post(new Event.LinkOrder(link, order));
    }

    @Override
    public void lost(String why, boolean hostUnknown) {
      log.debug("event=link_lost task={} why={} host_unknown={}", key, why, hostUnknown);
      post(new Event.LinkLost(link, why, hostUnknown));
    }
  }

  /** Posts what a parent tells. */
  private final class SyncEvents implements PieceSync.Listener {
    private final int sync;

    SyncEvents(int sync) {
      this.sync = sync;
    }

    @Override
    public void features(boolean extension) {
      post(new Event.ParentFeatures(sync, extension));
    }

    @Override
    public void piece(int number, long offset, long length, String ip, int tcpPort) {
      post(new Event.ParentPiece(sync, number, ip, tcpPort));
    }

    @Override
    public void begun(int number, String ip, int tcpPort) {
      post(new Event.ParentBegins(sync, number, ip, tcpPort));
    }

    @Override
    public void ended() {
      post(new Event.ParentEnded(sync));
    }

    @Override
    public void failed(String why) {
      post(new Event.ParentFailed(sync, why));
    }
  }
}
