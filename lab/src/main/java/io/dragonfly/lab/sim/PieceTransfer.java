package io.dragonfly.lab.sim;

import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.daemon.download.Action;
import io.dragonfly.daemon.download.Event;
import io.dragonfly.daemon.transfer.TransferException.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One piece on its way from one parent, as the transfer's two ends do it: connect, ask, take block
 * by block what is verified. Tells its child exactly one end.
 */
final class PieceTransfer implements Flow.Listener {
  private static final long CONNECT = 2 * Timeline.SECOND;

  final SimHost child;
  final SimHost parent;
  final int piece;
  final SimStore target;
  private final World world;
  private final long id;
  private final Optional<PieceRoot> root;
  private final String parentPeer;
  private final long parentLife;
  private @Nullable Flow flow;
  private boolean over;
  private boolean shared;
  private boolean bad;
  private long told;

  PieceTransfer(SimHost child, SimHost parent, Action.Fetch fetch, SimStore target) {
    this.child = child;
    this.parent = parent;
    this.world = child.world;
    this.piece = fetch.piece();
    this.target = target;
    this.id = fetch.fetch();
    this.root = world.plant().root(fetch.root());
    this.parentPeer = fetch.parent().peer().value();
    this.parentLife = parent.life();
  }

  void begin() {
    child.post(new Event.FetchStarted(id), 0);
    if (world.isCut(child, parent) || !parent.isPowered()) {
      world.timeline.after(CONNECT, () -> fail(Reason.UNREACHABLE, "it can't be reached"));
    } else {
      world.timeline.after(2 * world.latency(child, parent), this::ask);
    }
  }

  private void ask() {
    if (over) {
      return;
    }
    if (!parent.isRunning() || parent.life() != parentLife) {
      fail(Reason.UNREACHABLE, "connection refused");
      return;
    }
    SimStore there = parent.store();
    if (there == null || (root.isPresent() && there.version != target.version)) {
      fail(Reason.MISSING, "another version, or none");
      return;
    }
    PieceTransfer relayed = parent.relay(piece);
    if (!there.held.get(piece) && (relayed == null || root.isEmpty())) {
      fail(Reason.MISSING, "it does not have the piece");
      return;
    }
    send(there, there.held.get(piece) ? null : relayed);
  }

  private void send(SimStore there, @Nullable PieceTransfer relayed) {
    double length = world.content.layout.length(piece);
    double from = root.isPresent() ? target.part(piece) : 0;
    double end = length;
    if (parent.isCorrupt()) {
      if (root.isPresent()) {
        end = Math.min(length, from + world.content.layout.blockLength());
      }
      bad = true;
    }
    bad |= there.version != target.version;
    Flow source = relayed == null ? null : relayed.flow;
    Flow begun =
        new Flow(
            this,
            end,
            source,
            world.timeline.now(),
            links(relayed == null && !there.isInMemory(piece)));
    begun.settleAt(from);
    told = (long) from;
    begun.cut = world.isCut(child, parent);
    flow = begun;
    world.network.begin(begun);
    parent.uploads.sending(piece);
    if (root.isPresent() && !parent.isCorrupt()) {
      shared = true;
      child.uploads.begun(piece);
    }
  }

  private Link[] links(boolean fromDisk) {
    List<Link> links = new ArrayList<>(4);
    if (fromDisk && parent.hasSlowDisk()) {
      links.add(parent.disk);
    }
    links.add(parent.up);
    world.racks(parent, child, links);
    links.add(child.down);
    if (child.hasSlowDisk()) {
      links.add(child.disk);
    }
    return links.toArray(Link[]::new);
  }

  /** Others may be told that it comes in. */
  boolean isShared() {
    return shared && !over;
  }

  @Override
  public void reached(Flow reached) {
    if (parent.isCorrupt() && root.isPresent()) {
      world.watch.caught(child, parent, id);
      fail(Reason.CORRUPT, "a block does not match its hash");
      return;
    }
    tellProgress();
    over = true;
    world.network.end(reached);
    world.network.whole(reached);
    parent.uploads.sent(piece, true);
    child.stored(this, piece, root.isPresent(), bad);
    child.ended(
        id,
        new Event.FetchDone(
            id, world.content.stored(piece, root, parentPeer), 2 * world.latency(child, parent)));
  }

  @Override
  public void stalled(Flow stalled) {
    fail(Reason.STALLED, "nothing came for 10 s");
  }

  /** The child wants it no more. */
  void abort() {
    fail(Reason.CANCELLED, "given up");
  }

  void fail(Reason reason, String text) {
    if (over) {
      return;
    }
    tellProgress();
    stop();
    child.ended(id, new Event.FetchFailed(id, reason, text));
  }

  /** It ends and nobody is told: the child's process is gone, or its download. */
  void stop() {
    if (over) {
      return;
    }
    over = true;
    Flow ended = flow;
    if (ended != null) {
      world.network.end(ended);
      parent.uploads.sent(piece, false);
      child.uploads.stopped(piece);
      if (root.isPresent() && !parent.isCorrupt()) {
        target.keepPart(piece, ended.received(world.timeline.now()));
      }
      for (Flow relay : List.copyOf(ended.relays)) {
        if (relay.listener instanceof PieceTransfer other) {
          world.timeline.after(
              world.latency(child, other.child),
              () -> other.fail(Reason.UNREACHABLE, "it closed the connection"));
        }
      }
    }
  }

  /** The parent's process is gone. */
  void parentGone(boolean silently) {
    Flow running = flow;
    if (silently && running != null) {
      world.network.cut(running, true);
    } else if (!silently) {
      world.timeline.after(
          world.latency(child, parent), () -> fail(Reason.UNREACHABLE, "connection reset"));
    }
  }

  /** Whether the two can reach each other has changed. */
  void reconnect() {
    Flow running = flow;
    if (running != null && !over) {
      world.network.cut(running, world.isCut(child, parent) || !parent.isPowered());
    }
  }

  /** What arrived since it was told last; the child hears of it before anything else. */
  void addProgress(List<Event> events) {
    long bytes = over ? 0 : untold();
    if (bytes > 0) {
      events.add(new Event.FetchProgress(id, bytes));
    }
  }

  private void tellProgress() {
    long bytes = untold();
    if (bytes > 0) {
      child.post(new Event.FetchProgress(id, bytes), 0);
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
