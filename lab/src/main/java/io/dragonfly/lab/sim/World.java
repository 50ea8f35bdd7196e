package io.dragonfly.lab.sim;

import io.dragonfly.common.id.HostId;
import io.dragonfly.daemon.download.Event;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.scheduler.swarm.SwarmSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/** Everything there is in one simulation, and who reaches whom. */
final class World {
  /** One way, nanoseconds. */
  static final long TO_ORIGIN = 5 * Timeline.MILLI;

  private static final long SAME_RACK = Timeline.MILLI / 20;
  private static final long SAME_IDC = Timeline.MILLI / 4;
  private static final long FAR = 2 * Timeline.MILLI;
  private static final long CONNECT = 20 * Timeline.SECOND;
  private static final int RACKS_PER_IDC = 16;

  final SimOptions options;
  final Timeline timeline = new Timeline();
  final Trace trace = new Trace();
  final SimContent content;
  final Network network;
  final SimOrigin origin;
  final SimScheduler scheduler;
  final Watch watch;

  /** Those that download, then the seeds. */
  final List<SimHost> hosts = new ArrayList<>();

  private final Map<HostId, SimHost> byId = new HashMap<>();
  private final List<Link> rackUp = new ArrayList<>();
  private final List<Link> rackDown = new ArrayList<>();
  private List<Runnable> parked = new ArrayList<>();

  World(SimOptions options, SwarmSettings settings) {
    this.options = options;
    this.content = new SimContent(options.size(), options.pieceLength());
    this.network =
        new Network(
            timeline, options.grainNanos(), content.layout.blockLength(), options.tolerance());
    this.origin = new SimOrigin(options.originRate());
    for (int number = 0; number < options.hosts() + options.seeds(); number++) {
      boolean seed = number >= options.hosts();
      SimHost host = new SimHost(this, number, seed, seed ? options.seedRate() : options.rate());
      hosts.add(host);
      byId.put(host.id, host);
      if (number % options.rackSize() == 0) {
        rackUp.add(new Link("rack " + rackUp.size() + " up", options.rackRate()));
        rackDown.add(new Link("rack " + rackDown.size() + " down", options.rackRate()));
      }
    }
    this.watch = new Watch(this);
    this.scheduler = new SimScheduler(this, settings);
    hosts.forEach(scheduler::announceSoon);
  }

  Plant plant() {
    return options.plant();
  }

  SimHost host(HostId id) {
    SimHost host = byId.get(id);
    if (host == null) {
      throw new IllegalArgumentException("there is no host " + id);
    }
    return host;
  }

  DownloadRequest request(boolean triggered) {
    return new DownloadRequest(
        SimContent.TASK,
        SimContent.URL,
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        0,
        List.of(),
        OptionalLong.of(options.pieceLength()),
        Optional.empty(),
        Optional.empty(),
        false,
        triggered,
        Optional.empty(),
        List.of(),
        /* prefetch= */ false,
        OptionalLong.empty(),
        new byte[0]);
  }

  // Places.

  private int rack(SimHost host) {
    return host.number / options.rackSize();
  }

  String idc(SimHost host) {
    return "idc-" + rack(host) / RACKS_PER_IDC;
  }

  String location(SimHost host) {
    return idc(host) + "|rack-" + rack(host);
  }

  /** One way, nanoseconds. */
  long latency(SimHost a, SimHost b) {
    if (options.rttNanos() > 0) {
      return options.rttNanos() / 2;
    }
    int one = rack(a);
    int other = rack(b);
    if (one == other) {
      return SAME_RACK;
    }
    return one / RACKS_PER_IDC == other / RACKS_PER_IDC ? SAME_IDC : FAR;
  }

  /** The links between the two hosts' racks, where those have limits. */
  void racks(SimHost from, SimHost to, List<Link> links) {
    if (options.rackRate() != Double.POSITIVE_INFINITY && rack(from) != rack(to)) {
      links.add(rackUp.get(rack(from)));
      links.add(rackDown.get(rack(to)));
    }
  }

  // Who reaches whom.

  boolean isCut(SimHost a, SimHost b) {
    return a.side != b.side;
  }

  /** From the scheduler and the origin. */
  boolean isCut(SimHost host) {
    return host.side != 0;
  }

  /** An event for a child, from its parent. */
  void send(SimHost parent, SimHost child, Event event) {
    if (isCut(parent, child)) {
      long life = child.life();
      parked.add(() -> {
        if (child.life() == life) {
          send(parent, child, event);
        }
      });
    } else {
      child.post(event, latency(parent, child));
    }
  }

  /** A message on a connection that outlives a partition. */
  void deliver(BooleanSupplier cut, long delay, Runnable message) {
    if (cut.getAsBoolean()) {
      parked.add(() -> deliver(cut, delay, message));
    } else {
      timeline.after(delay, message);
    }
  }

  /** A child begins to follow a parent. */
  void follow(Sync sync) {
    SimHost parent = sync.parent;
    SimHost child = sync.child;
    long life = parent.life();
    if (isCut(parent, child) || !parent.isPowered()) {
      timeline.after(
          CONNECT,
          () -> {
            if (sync.isOpen()) {
              sync.close();
              child.post(new Event.ParentFailed(sync.number, "it can't be reached"), 0);
            }
          });
    } else {
      timeline.after(latency(parent, child), () -> parent.uploads.follow(sync, life));
    }
  }

  /** Who reaches whom has changed: what could not be delivered is tried again. */
  void reconnect() {
    hosts.forEach(SimHost::reconnect);
    origin.reconnect();
    List<Runnable> messages = parked;
    parked = new ArrayList<>();
    messages.forEach(Runnable::run);
  }
}
