package io.dragonfly.lab.sim;

import io.dragonfly.daemon.download.Action;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.download.Event;
import io.dragonfly.scheduler.swarm.Swarm;
import io.dragonfly.scheduler.swarm.Usage;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sees everything that happens, and throws a {@link Violation} when it must not.
 *
 * <ul>
 *   <li>What is delivered is what the origin gave, all of it of one version.
 *   <li>A bad block is never accepted, and its parent is not asked again.
 *   <li>A download ends within 30 s and what the slowest link needs to relay the rest, counted from
 *       the last fault or its own beginning, while there is a source.
 *   <li>The origin gives 1.01 times the content, what was in flight at a fault, and the pieces
 *       whose last good copies went with one.
 *   <li>No download fails while there is a source.
 *   <li>In the end nothing is left of them.
 * </ul>
 */
final class Watch {
  private static final long SLACK = 30 * Timeline.SECOND;
  private static final double ORIGIN_SHARE = 1.01;

  /** A failure of the origin counts as the reason of what fails so soon after it. */
  private static final long BLAME = 60 * Timeline.SECOND;

  /** Larger swarms may take longer than the rule of time allows, though nothing goes wrong. */
  private static final int SMALL = 300;

  private final World world;
  private @Nullable Users users;
  private Consumer<String> notices = text -> {};

  /** Hosts that a host has caught with bad bytes in its present life. */
  private final Set<Long> caught = new HashSet<>();

  /** Hosts that were found to send bad bytes. */
  private final Set<SimHost> exposed = new HashSet<>();

  /** Fetches that brought bad bytes, until their child hears of it. */
  private final Map<String, Long> untold = new HashMap<>();

  private final long[] deadlines;

  /** A piece has to be whole before it is passed on: so much longer takes all of it. */
  private final double relayed;

  private double slowest;
  private double originBudget;
  private long originTroubleUntil = Long.MIN_VALUE;
  private long cutUntil = Long.MIN_VALUE / 2;
  private boolean originGone;
  private int changes;

  Watch(World world) {
    this.world = world;
    this.deadlines = new long[world.options.hosts()];
    int hops = 32 - Integer.numberOfLeadingZeros(world.options.hosts());
    this.relayed = 1 + (double) hops / world.content.layout.pieceCount();
    this.originBudget = ORIGIN_SHARE * world.options.size();
  }

  void users(Users all) {
    users = all;
  }

  void notices(Consumer<String> receiver) {
    notices = receiver;
  }

  void notice(String text) {
    notices.accept(text);
  }

  private Users users() {
    Users known = users;
    if (known == null) {
      throw new IllegalStateException("nobody uses this world");
    }
    return known;
  }

  private Violation violation(String rule, String event) {
    return new Violation(rule, world.timeline.now(), event);
  }

  // What downloads do.

  void stepped(SimHost host, List<Event> events, List<Action> actions) {
    world.trace.add(1, world.timeline.now(), host.number);
    for (Event event : events) {
      world.trace.add(2, event.getClass().getSimpleName().hashCode(), 0);
      if (event instanceof Event.FetchFailed failed) {
        world.trace.add(6, failed.fetch(), failed.reason().name().hashCode());
        Long told = untold.remove(fetch(host, failed.fetch()));
        // What is over because another version begins is not looked at any more.
        boolean over = actions.stream().anyMatch(Action.OpenTask.class::isInstance);
        if (told != null && !over) {
          caught.add(told);
        }
      }
    }
    for (Action action : actions) {
      world.trace.add(2, action.getClass().getSimpleName().hashCode(), 1);
      if (action instanceof Action.Fetch fetch) {
        SimHost parent = world.host(fetch.parent().host());
        world.trace.add(7, fetch.piece(), parent.number);
        if (caught.contains(pair(host, parent))) {
          throw violation(
              "a parent that sent bad bytes is asked again",
              host.id + " asks " + parent.id + " for piece " + fetch.piece());
        }
      }
    }
    double read = world.origin.orderedBytes();
    if (read > originBudget) {
      throw violation(
          "the origin is read too often",
          "%.0f bytes were read, %.0f are allowed".formatted(read, originBudget));
    }
  }

  private long pair(SimHost child, SimHost parent) {
    return ((long) child.number << 32 | parent.number) * 1009 + child.downloads();
  }

  private static String fetch(SimHost host, long fetch) {
    return host.downloads() + "/" + host.number + "/" + fetch;
  }

  /**
   * A child found bad bytes, and will be told. What the parent has read of the origin till then is
   * lost with the trust in it.
   */
  void caught(SimHost child, SimHost parent, long fetch) {
    if (exposed.add(parent)) {
      originBudget += lastCopies(Set.of(parent)) + world.origin.inFlight(parent);
    }
    untold.put(fetch(child, fetch), pair(child, parent));
  }

  void stored(SimHost host, @Nullable SimHost from, int piece, boolean bad) {
    world.trace.add(8, host.number, piece);
    if (bad) {
      throw violation(
          "bad bytes are accepted",
          host.id + " took piece " + piece + " from " + (from == null ? "the origin" : from.id));
    }
  }

  // What users see.

  void began(SimHost host) {
    deadline(host, world.timeline.now());
  }

  void finished(SimHost host) {
    world.trace.add(9, world.timeline.now(), host.number);
    SimStore store = host.store();
    if (store == null || !store.isComplete()) {
      throw violation("what is delivered is not whole", host.id + " has finished");
    }
  }

  void failed(SimHost host, DownloadException failure) {
    world.trace.add(10, world.timeline.now(), host.number);
    boolean excused =
        originGone
            || world.origin.isFailing()
            || world.isCut(host)
            || world.timeline.now() < cutUntil + BLAME
            || world.timeline.now() < originTroubleUntil
            || (failure.code() == DownloadException.Code.CONTENT_CHANGED && changes > 2);
    if (!excused) {
      throw violation(
          "a download fails while there is a source",
          host.id + ": " + failure.code() + ": " + failure.getMessage());
    }
  }

  // Faults.

  void beforeFault(Fault fault) {
    notice("fault " + fault);
    originBudget += world.origin.inFlight();
    switch (fault.kind()) {
      case CRASH, POWER, CORRUPT, PARTITION -> {
        Set<SimHost> concerned = new HashSet<>();
        fault.hosts().forEach(number -> concerned.add(world.hosts.get(number)));
        originBudget += lastCopies(concerned);
      }
      case CHANGE -> originBudget += ORIGIN_SHARE * world.options.size();
      case DISK, SCHEDULER, ORIGIN -> {
        // What is read stays read.
      }
    }
  }

  /** Bytes of the pieces that nobody else has. */
  private double lastCopies(Set<SimHost> concerned) {
    BitSet here = new BitSet();
    BitSet elsewhere = new BitSet();
    for (SimHost host : world.hosts) {
      SimStore store = host.store();
      if (store != null && store.version == world.origin.version()) {
        boolean lost = concerned.contains(host);
        if (lost) {
          here.or(store.held);
        } else if (isSource(host)) {
          elsewhere.or(store.held);
        }
      }
    }
    here.andNot(elsewhere);
    return here.stream().mapToDouble(world.content.layout::length).sum();
  }

  private boolean isSource(SimHost host) {
    return host.isRunning() && !host.isCorrupt() && !world.isCut(host);
  }

  void afterFault(Fault fault, boolean over) {
    if (fault.kind() == FaultKind.ORIGIN) {
      originGone |= fault.isForGood();
      originTroubleUntil = Math.max(originTroubleUntil, (over ? world.timeline.now() : 0) + BLAME);
    }
    if (fault.kind() == FaultKind.PARTITION && over) {
      cutUntil = world.timeline.now();
    }
    if (fault.kind() == FaultKind.CHANGE) {
      changes++;
    }
    slowest = 0;
    for (int i = 0; i < deadlines.length; i++) {
      deadline(world.hosts.get(i), world.timeline.now());
    }
  }

  private void deadline(SimHost host, long from) {
    SimStore store = host.store();
    double rest = world.options.size();
    if (store != null && store.version == world.origin.version()) {
      rest -= store.held.stream().mapToDouble(world.content.layout::length).sum();
    }
    long due = from + SLACK + (long) (relayed * rest / slowest() * Timeline.SECOND);
    deadlines[host.number] = due;
    world.timeline.at(due, () -> check(host, due));
  }

  /** Bytes per second; looked for again after a fault. */
  private double slowest() {
    if (slowest == 0) {
      slowest = findSlowest();
    }
    return slowest;
  }

  private double findSlowest() {
    double least =
        Math.min(
            world.origin.link.bytesPerSecond(),
            world.options.rackRate() / world.options.rackSize());
    for (SimHost host : world.hosts) {
      if (host.isRunning()) {
        least = Math.min(least, Math.min(host.up.bytesPerSecond(), host.down.bytesPerSecond()));
        if (host.hasSlowDisk()) {
          least = Math.min(least, host.disk.bytesPerSecond());
        }
      }
    }
    return least;
  }

  private void check(SimHost host, long due) {
    boolean large = world.options.hosts() > SMALL;
    if ((world.options.faults() == 0 && large)
        || deadlines[host.number] != due
        || !users().isWaiting(host)
        || !host.isRunning()) {
      return;
    }
    if (!isSupplied(host) || !world.scheduler.isUp()) {
      deadline(host, world.timeline.now());
      return;
    }
    SimStore store = host.store();
    world.hosts.forEach(other -> notice(other.describe()));
    throw violation(
        "a download does not end in time",
        host.id
            + " has "
            + (store == null ? 0 : store.held.cardinality())
            + " of "
            + world.content.layout.pieceCount()
            + " pieces");
  }

  /** Whether what it lacks can be had somewhere. */
  private boolean isSupplied(SimHost host) {
    if (world.isCut(host)) {
      return false;
    }
    if (!world.origin.isFailing()) {
      return true;
    }
    BitSet union = new BitSet();
    for (SimHost other : world.hosts) {
      SimStore store = other.store();
      if (store != null && isSource(other) && store.version == world.origin.version()) {
        union.or(store.held);
      }
    }
    return union.cardinality() == world.content.layout.pieceCount();
  }

  // The end.

  /** What is left of downloads that are all over; empty: nothing. */
  String leftovers() {
    for (SimHost host : world.hosts) {
      String left = host.leftovers();
      if (host.isRunning() && !left.isEmpty()) {
        return left;
      }
      if (host.uploads.followers() > 0 && host.isRunning()) {
        return host.id + " has " + host.uploads.followers() + " followers";
      }
    }
    if (world.network.running() > 0) {
      return world.network.running() + " transfers";
    }
    Swarm swarm = world.scheduler.swarm();
    if (swarm == null) {
      return "";
    }
    Usage usage = swarm.usage();
    return usage.edges() == 0 && usage.usedSlots() == 0 && usage.leases() == 0
        ? ""
        : usage.toString();
  }

  void ended(String left) {
    if (!left.isEmpty()) {
      throw violation("something is left when all is over", left);
    }
  }
}
