package io.dragonfly.lab.sim;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.daemon.download.Action;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.DownloadOptions;
import io.dragonfly.daemon.download.Event;
import io.dragonfly.daemon.download.TaskDownload;
import io.dragonfly.daemon.link.DownloadRequest;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A machine with its daemon: does what a {@link TaskDownload} decides, as the daemon's own shell
 * does it, and keeps what a disk keeps.
 */
final class SimHost {
  /** Hears how a download that it asked for ends. */
  interface Caller {
    void finished();

    void failed(DownloadException failure);
  }

  /** What arrives is told so often, as the daemon's shell does. */
  private static final long PROGRESS = 50 * Timeline.MILLI;

  private record Waiting(DownloadRequest request, Caller caller) {}

  final World world;
  final int number;
  final boolean seed;
  final HostId id;
  final Link up;
  final Link down;
  final Link disk;
  final Uploads uploads = new Uploads(this);
  final Inbox inbox;

  /** Which part of a divided network it is in. */
  int side;

  private final Map<Long, Waiting> callers = new LinkedHashMap<>();
  private final Map<Integer, SchedulerLink> links = new LinkedHashMap<>();
  private final Map<Integer, Sync> syncs = new LinkedHashMap<>();
  private final Map<Long, PieceTransfer> fetches = new LinkedHashMap<>();
  private final Map<Long, OriginTransfer> reads = new LinkedHashMap<>();
  private @Nullable TaskDownload download;
  private @Nullable SimStore store;
  private boolean powered = true;
  private boolean running = true;
  private boolean corrupt;
  private boolean slowDisk;
  private long life = 1;
  private long lastCaller;
  private int peers;
  private int downloads;
  private long tickAt = Long.MAX_VALUE;
  private long progressAt;
  private long steps;

  SimHost(World world, int number, boolean seed, double rate) {
    this.world = world;
    this.number = number;
    this.seed = seed;
    this.id = new HostId((seed ? "seed-" : "host-") + number);
    this.up = new Link(id + " up", rate);
    this.down = new Link(id + " down", rate);
    this.disk = new Link(id + " disk", rate);
    this.inbox = new Inbox(world.timeline, world.options.grainNanos(), this::step);
  }

  String ip() {
    return "10." + (number >> 16) + "." + ((number >> 8) & 255) + "." + (number & 255);
  }

  /** Counts the lives of its daemon. */
  long life() {
    return life;
  }

  boolean isPowered() {
    return powered;
  }

  /** Whether the daemon lives. */
  boolean isRunning() {
    return running;
  }

  boolean isDownloading() {
    return download != null;
  }

  boolean isCorrupt() {
    return corrupt;
  }

  void corrupt() {
    corrupt = true;
  }

  boolean hasSlowDisk() {
    return slowDisk;
  }

  void slowDisk(double bytesPerSecond) {
    slowDisk = true;
    disk.bytesPerSecond(bytesPerSecond);
    world.network.changed(disk);
  }

  @Nullable SimStore store() {
    return store;
  }

  /** Counts its downloads. */
  int downloads() {
    return downloads;
  }

  /** Steps of its download, of all its lives. */
  long steps() {
    return steps;
  }

  /** What is on its way to it now, as far as others may have a part of it. */
  @Nullable PieceTransfer relay(int piece) {
    for (PieceTransfer fetch : fetches.values()) {
      if (fetch.piece == piece && fetch.isShared()) {
        return fetch;
      }
    }
    return null;
  }

  /** Adds the pieces that others can have of it, be it block by block. */
  void offered(BitSet pieces) {
    SimStore local = store;
    if (running && local != null) {
      pieces.or(local.held);
      fetches.values().stream().filter(PieceTransfer::isShared).forEach(f -> pieces.set(f.piece));
    }
  }

  /** Adds the pieces that its present parents offer. */
  void offeredToIt(BitSet pieces) {
    syncs.values().forEach(sync -> sync.parent.offered(pieces));
  }

  /** Takes away the pieces that it has, or is getting from parents. */
  void removeOwn(BitSet pieces) {
    SimStore local = store;
    if (local != null) {
      pieces.andNot(local.held);
    }
    fetches.values().forEach(fetch -> pieces.clear(fetch.piece));
  }

  /** Whether nobody writes the piece here. */
  boolean isFree(int piece) {
    return fetches.values().stream().noneMatch(fetch -> fetch.piece == piece);
  }

  // Callers.

  /** Somebody on this host, or a scheduler, wants the content. */
  long attach(DownloadRequest request, Caller caller) {
    long number = ++lastCaller;
    callers.put(number, new Waiting(request, caller));
    post(new Event.Attach(number, request), 0);
    return number;
  }

  void detach(long caller, DownloadException why) {
    callers.remove(caller);
    post(new Event.Detach(caller, why), 0);
  }

  void post(Event event, long delay) {
    if (running) {
      inbox.post(event, delay);
    }
  }

  // Events.

  private void step(List<Event> events) {
    List<Event> batch = new ArrayList<>();
    TaskDownload decisions = download;
    if (decisions == null) {
      if (events.stream().noneMatch(Event.Attach.class::isInstance)) {
        return;
      }
      decisions = newDownload();
      download = decisions;
      SimStore local = store;
      if (local != null) {
        batch.add(
            new Event.TaskOpened(0, world.content.info(local.version), copy(local), local.roots()));
      }
    }
    if (world.timeline.now() >= progressAt) {
      progressAt = world.timeline.now() + PROGRESS;
      fetches.values().forEach(fetch -> fetch.addProgress(batch));
      reads.values().forEach(read -> read.addProgress(batch));
    }
    batch.addAll(events);
    steps++;
    List<Action> actions = decisions.on(batch, world.timeline.now());
    world.watch.stepped(this, batch, actions);
    for (Action action : actions) {
      perform(action);
    }
    if (decisions.isDone()) {
      over();
    } else {
      wake(decisions.wakeAt());
    }
  }

  private static BitSet copy(SimStore store) {
    return (BitSet) store.held.clone();
  }

  private TaskDownload newDownload() {
    downloads++;
    return new TaskDownload(
        DownloadOptions.DEFAULTS,
        new SplittableRandom(world.options.seed() * 31 + number * 1_000_003L + life * 7 + steps),
        () -> new PeerId(id.value() + "-" + ++peers),
        true);
  }

  private void wake(long at) {
    if (at < tickAt) {
      tickAt = at;
      world.timeline.at(at, () -> tick(at));
    }
  }

  private void tick(long planned) {
    TaskDownload decisions = download;
    if (planned != tickAt) {
      return;
    }
    tickAt = Long.MAX_VALUE;
    if (decisions != null && decisions.wakeAt() > world.timeline.now()) {
      wake(decisions.wakeAt());
    } else if (decisions != null) {
      post(new Event.Tick(), 0);
    }
  }

  /** The download is over; another may begin. */
  private void over() {
    download = null;
    inbox.clear();
    tickAt = Long.MAX_VALUE;
    List.copyOf(links.values()).forEach(SchedulerLink::close);
    List.copyOf(syncs.values()).forEach(sync -> sync.parent.uploads.leave(sync));
    List.copyOf(fetches.values()).forEach(PieceTransfer::stop);
    List.copyOf(reads.values()).forEach(OriginTransfer::close);
    links.clear();
    syncs.clear();
    fetches.clear();
    reads.clear();
    // Who came while it ended is served by the next.
    callers.forEach((caller, waiting) -> post(new Event.Attach(caller, waiting.request), 0));
  }

  void ended(long fetch, Event event) {
    fetches.remove(fetch);
    post(event, 0);
  }

  void readEnded(long read, Event event) {
    reads.remove(read);
    post(event, 0);
  }

  void stored(PieceTransfer by, int piece, boolean withRoot, boolean bad) {
    SimStore local = store;
    if (local == by.target) {
      stored(local, piece, withRoot, bad, by.parent);
    }
  }

  void stored(OriginTransfer by, int piece, boolean withRoot, boolean bad) {
    SimStore local = store;
    if (local != null && reads.containsValue(by)) {
      stored(local, piece, withRoot, bad, null);
    }
  }

  private void stored(
      SimStore local, int piece, boolean withRoot, boolean bad, @Nullable SimHost from) {
    local.hold(piece, withRoot);
    world.watch.stored(this, from, piece, bad);
    uploads.held(piece);
  }

  // Actions.

  private void perform(Action action) {
    switch (action) {
      case Action.OpenLink(int link) -> links.put(link, world.scheduler.open(this, link));
      case Action.Send(int link, var report) -> {
        SchedulerLink open = links.get(link);
        if (open != null) {
          open.send(report);
        }
      }
      case Action.CloseLink(int link) -> {
        SchedulerLink open = links.remove(link);
        if (open != null) {
          open.close();
        }
      }
      case Action.OpenTask(int epoch, var info) -> openTask(epoch, SimContent.number(info));
      case Action.DropTask(int _) -> drop();
      case Action.Follow follow -> {
        Sync sync =
            new Sync(this, world.host(follow.parent().host()), follow.sync(), follow.interested());
        syncs.put(follow.sync(), sync);
        world.follow(sync);
      }
      case Action.Unfollow(int number) -> {
        Sync sync = syncs.remove(number);
        if (sync != null) {
          sync.parent.uploads.leave(sync);
        }
      }
      case Action.Fetch fetch -> fetch(fetch);
      case Action.AbortFetch(long fetch) -> {
        PieceTransfer transfer = fetches.get(fetch);
        if (transfer != null) {
          transfer.abort();
        }
      }
      case Action.StoreTiny tiny ->
          throw new IllegalStateException("nobody said the bytes of tiny content: " + tiny);
      case Action.LookAtOrigin look -> read(look.read(), true).look(look.start(), look.length());
      case Action.ReadOrigin run -> {
        SimStore local = store;
        if (local != null) {
          read(run.read(), true).run(local, run.first(), run.last());
        }
      }
      case Action.TakeAnswer take -> {
        OriginTransfer read = reads.get(take.read());
        SimStore local = store;
        if (read != null && local != null) {
          read.take(local, take.pieces());
        }
      }
      case Action.TakeStream take ->
          throw new IllegalStateException("the length is known, yet a stream is read: " + take);
      case Action.StopRead(long read) -> {
        OriginTransfer transfer = reads.remove(read);
        if (transfer != null) {
          transfer.close();
        }
      }
      case Action.Started _,
          Action.PieceHeld _,
          Action.PartHeld _,
          Action.Arrived _,
          Action.Progress _,
          Action.CheckDigest _ -> {
        // What a caller does with it decides nothing.
      }
      case Action.Finished(long caller, var _) -> {
        Waiting known = callers.remove(caller);
        if (known != null) {
          known.caller.finished();
        }
      }
      case Action.Failed(long caller, DownloadException failure) -> {
        Waiting known = callers.remove(caller);
        if (known != null) {
          known.caller.failed(failure);
        }
      }
      case Action.Done() -> {
        // The end follows.
      }
    }
  }

  private void openTask(int epoch, int version) {
    SimStore local = store;
    if (local == null || local.version != version) {
      drop();
      local = new SimStore(world.content, version);
      store = local;
    }
    post(new Event.TaskOpened(epoch, world.content.info(version), copy(local), local.roots()), 0);
  }

  private void drop() {
    if (store != null) {
      uploads.deleted();
      store = null;
    }
  }

  private void fetch(Action.Fetch fetch) {
    SimStore local = store;
    if (local == null) {
      return;
    }
    SimHost parent = world.host(fetch.parent().host());
    PieceTransfer transfer = new PieceTransfer(this, parent, fetch, local);
    fetches.put(fetch.fetch(), transfer);
    transfer.begin();
  }

  private OriginTransfer read(long id, boolean ranged) {
    boolean ordered = links.values().stream().anyMatch(SchedulerLink::isJoined);
    OriginTransfer transfer = new OriginTransfer(this, id, ordered, ranged);
    reads.put(id, transfer);
    return transfer;
  }

  // Faults.

  /** The daemon dies; silently: the machine with it, so that nobody is told. */
  void die(boolean silently) {
    running = false;
    powered = !silently;
    life++;
    SimStore local = store;
    if (silently && local != null) {
      local.powerOff();
    }
    download = null;
    inbox.clear();
    tickAt = Long.MAX_VALUE;
    callers.clear();
    List.copyOf(links.values()).forEach(link -> link.dropped(silently));
    List.copyOf(fetches.values()).forEach(PieceTransfer::stop);
    List.copyOf(reads.values()).forEach(OriginTransfer::close);
    syncs.values().forEach(sync -> sync.parent.uploads.leave(sync));
    uploads.gone(silently);
    links.clear();
    syncs.clear();
    fetches.clear();
    reads.clear();
  }

  void live() {
    running = true;
    powered = true;
  }

  /** What comes from that host ends. */
  void parentDied(SimHost parent, boolean silently) {
    for (PieceTransfer fetch : List.copyOf(fetches.values())) {
      if (fetch.parent == parent) {
        fetch.parentGone(silently);
      }
    }
  }

  /** Who reaches whom has changed. */
  void reconnect() {
    fetches.values().forEach(PieceTransfer::reconnect);
  }

  void linkLost(int number, String why, boolean hostUnknown) {
    post(new Event.LinkLost(number, why, hostUnknown), 0);
  }

  /** For a person who looks for a mistake. */
  String describe() {
    SimStore local = store;
    String missing = "nothing stored";
    if (local != null) {
      BitSet lacks = new BitSet();
      lacks.set(0, world.content.layout.pieceCount());
      lacks.andNot(local.held);
      missing = "version " + local.version + " lacks " + lacks;
    }
    return id
        + (running ? "" : " is dead,")
        + (corrupt ? " is corrupt," : "")
        + " "
        + missing
        + ", fetches "
        + fetches.values().stream().map(fetch -> fetch.piece + " from " + fetch.parent.id).toList()
        + ", reads "
        + reads.size()
        + ", follows "
        + syncs.values().stream().filter(Sync::isOpen).map(sync -> sync.parent.id).toList();
  }

  /** What it still has to do with others; nothing when all is over. */
  String leftovers() {
    return download == null && syncs.isEmpty() && fetches.isEmpty() && reads.isEmpty()
        ? ""
        : id
            + (download == null ? "" : " downloads,")
            + " follows "
            + syncs.size()
            + ", fetches "
            + fetches.size()
            + ", reads "
            + reads.size();
  }

  /** The links to schedulers that are open. */
  Iterable<SchedulerLink> links() {
    return List.copyOf(links.values());
  }
}
