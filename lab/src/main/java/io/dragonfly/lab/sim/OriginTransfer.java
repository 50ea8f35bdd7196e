package io.dragonfly.lab.sim;

import io.dragonfly.daemon.download.Event;
import io.dragonfly.daemon.download.OriginProblem;
import io.dragonfly.daemon.source.OriginException.Kind;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * One request to the origin: a look, whose body waits to be told where it goes, or a run of pieces.
 */
final class OriginTransfer implements Flow.Listener {
  /** Its attempts and pauses inside one request, until it counts as failed. */
  private static final long ANSWERED = 2 * Timeline.SECOND;

  private static final long SILENT = 5 * Timeline.SECOND;

  final SimHost host;
  private final World world;
  private final SimOrigin origin;
  private final long id;

  /** Whether a scheduler had asked for it. */
  private final boolean ordered;

  private final boolean ranged;
  private @Nullable SimStore target;
  private BitSet pieces = new BitSet();
  private int version;
  private double from;
  private double end;
  private long told;
  private int next;
  private @Nullable Flow flow;
  private boolean over;

  OriginTransfer(SimHost host, long id, boolean ordered, boolean ranged) {
    this.host = host;
    this.world = host.world;
    this.origin = world.origin;
    this.id = id;
    this.ordered = ordered;
    this.ranged = ranged;
  }

  void look(long start, long length) {
    from = start;
    long all = world.content.layout.contentLength();
    end = length == 0 ? all : Math.min(all, start + length);
    request(() -> {
      version = origin.version();
      host.post(
          new Event.OriginHead(
              id,
              OptionalLong.of(all),
              world.content.info(version).version(),
              Map.of(),
              ranged && length > 0),
          0);
    });
  }

  void run(SimStore store, int first, int last) {
    BitSet wanted = new BitSet();
    wanted.set(first, last + 1);
    from = world.content.layout.offset(first) + store.part(first);
    end = world.content.layout.offset(last) + world.content.layout.length(last);
    request(() -> {
      version = origin.version();
      if (version != store.version) {
        broke(Kind.CHANGED, OptionalInt.empty(), "it is another version now");
      } else {
        take(store, wanted);
      }
    });
  }

  private void request(Runnable answered) {
    if (world.isCut(host)) {
      world.timeline.after(SILENT, () -> broke(Kind.UNAVAILABLE, OptionalInt.empty(), "no answer"));
      return;
    }
    world.timeline.after(
        2 * World.TO_ORIGIN,
        () -> {
          if (over) {
            return;
          }
          if (origin.isFailing()) {
            world.timeline.after(
                ANSWERED, () -> broke(Kind.UNAVAILABLE, OptionalInt.of(503), "it answers 503"));
          } else {
            answered.run();
          }
        });
  }

  /** The body goes here. */
  void take(SimStore store, BitSet wanted) {
    if (over) {
      return;
    }
    target = store;
    pieces = (BitSet) wanted.clone();
    told = (long) from;
    next = pieces.nextSetBit(0);
    if (next < 0 || store.version != version) {
      finish();
      return;
    }
    Flow begun = new Flow(this, endOf(next), null, world.timeline.now(), links());
    begun.settleAt(from);
    begun.cut = world.isCut(host);
    flow = begun;
    origin.begun(this);
    world.network.begin(begun);
  }

  private Link[] links() {
    return host.hasSlowDisk()
        ? new Link[] {origin.link, host.down, host.disk}
        : new Link[] {origin.link, host.down};
  }

  private double endOf(int piece) {
    return Math.min(
        end, world.content.layout.offset(piece) + (double) world.content.layout.length(piece));
  }

  @Override
  public void reached(Flow reached) {
    tellProgress();
    SimStore store = target;
    if (store == null) {
      return;
    }
    int piece = next;
    if (!store.held.get(piece) && host.isFree(piece)) {
      host.stored(this, piece, true, store.version != version);
      host.post(
          new Event.OriginPiece(
              id,
              world.content.stored(
                  piece, Optional.of(world.content.root(store.version, piece)), "")),
          0);
    }
    next = pieces.nextSetBit(piece + 1);
    if (next < 0 || world.content.layout.offset(next) >= end) {
      world.network.end(reached);
      finish();
    } else {
      reached.mark = endOf(next);
    }
  }

  /** Bytes of the pieces of this request that are not whole yet. */
  double inFlight() {
    return over || flow == null || next < 0
        ? 0
        : Math.max(0, end - Math.max(from, (double) world.content.layout.offset(next)));
  }

  double taken() {
    Flow running = flow;
    return running == null ? 0 : running.received(world.timeline.now()) - from;
  }

  boolean isOrdered() {
    return ordered;
  }

  @Override
  public void stalled(Flow stalled) {
    broke(Kind.UNAVAILABLE, OptionalInt.empty(), "nothing came for 10 s");
  }

  /** The origin cuts the answer off. */
  void truncate() {
    world.timeline.after(
        World.TO_ORIGIN,
        () -> broke(Kind.TRUNCATED, OptionalInt.empty(), "the answer was cut off"));
  }

  void reconnect() {
    Flow running = flow;
    if (running != null && !over) {
      world.network.cut(running, world.isCut(host));
    }
  }

  private void finish() {
    if (!over) {
      close();
      host.readEnded(id, new Event.OriginEnded(id));
    }
  }

  private void broke(Kind kind, OptionalInt status, String text) {
    if (!over) {
      tellProgress();
      close();
      host.readEnded(
          id,
          new Event.OriginBroke(
              id, new OriginProblem(kind, status, Map.of(), "the origin: " + text, true)));
    }
  }

  /** The host reads it no more. */
  void close() {
    if (over) {
      return;
    }
    over = true;
    Flow running = flow;
    if (running != null) {
      world.network.end(running);
      keep(running);
      origin.ended(this);
    }
  }

  /** The piece in the middle goes on from here later. */
  private void keep(Flow running) {
    SimStore store = target;
    if (store != null && next >= 0 && store.version == version) {
      store.keepPart(
          next, running.received(world.timeline.now()) - world.content.layout.offset(next));
    }
  }

  void addProgress(List<Event> events) {
    long bytes = untold();
    if (bytes > 0) {
      events.add(new Event.OriginBytes(id, bytes));
    }
  }

  private void tellProgress() {
    long bytes = untold();
    if (bytes > 0) {
      host.post(new Event.OriginBytes(id, bytes), 0);
    }
  }

  private long untold() {
    Flow running = flow;
    if (running == null) {
      return 0;
    }
    long bytes = (long) running.received(world.timeline.now());
    long fresh = Math.max(0, bytes - told);
    told = Math.max(told, bytes);
    return fresh;
  }
}
