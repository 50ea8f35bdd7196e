package io.dragonfly.lab.sim;

import java.util.ArrayList;
import java.util.List;

/**
 * A fluid network whose flows share links fairly (max-min). What changed within one grain of time
 * is worked out together; from a changed link the work spreads only to links whose flows get
 * another rate by it.
 */
final class Network {
  /** So much of a change is none. */
  private final double tolerance;

  /** Links are filled so often in one step; what has not settled by then does in the next. */
  private static final int ROUNDS = 12;

  private static final long STALL = 10 * Timeline.SECOND;

  private final Timeline timeline;
  private final long grain;
  private final double block;
  private List<Link> changedLinks = new ArrayList<>();
  private List<Flow> changedFlows = new ArrayList<>();
  private boolean planned;
  private int running;

  /**
   * @param grain nanoseconds within which changes are taken together
   * @param block bytes that a relay is behind its source
   */
  Network(Timeline timeline, long grain, double block, double tolerance) {
    this.timeline = timeline;
    this.grain = grain;
    this.block = block;
    this.tolerance = tolerance;
  }

  int running() {
    return running;
  }

  void begin(Flow flow) {
    running++;
    for (Link link : flow.links) {
      link.flows.add(flow);
      changed(link);
    }
    Flow source = flow.source;
    if (source != null) {
      source.relays.add(flow);
      flow.following = true;
      flow.waiting = true;
    }
    changed(flow);
  }

  /** The flow is over. What relays it goes on from what has come, or ends by its listener. */
  void end(Flow flow) {
    if (!flow.running) {
      return;
    }
    running--;
    flow.advance(timeline.now());
    flow.running = false;
    flow.rate = 0;
    for (Link link : flow.links) {
      link.flows.remove(flow);
      changed(link);
    }
    Flow source = flow.source;
    if (source != null) {
      source.relays.remove(flow);
      flow.source = null;
    }
  }

  /** All that the flow brings is there: who relayed it has it all. */
  void whole(Flow flow) {
    for (Flow relay : flow.relays) {
      relay.source = null;
      relay.following = false;
      relay.waiting = false;
      links(relay);
      changed(relay);
    }
    flow.relays.clear();
  }

  void cut(Flow flow, boolean cut) {
    if (flow.cut != cut) {
      flow.cut = cut;
      links(flow);
      changed(flow);
    }
  }

  void changed(Link link) {
    if (!link.changed) {
      link.changed = true;
      changedLinks.add(link);
    }
    plan();
  }

  private void changed(Flow flow) {
    if (!flow.changed) {
      flow.changed = true;
      changedFlows.add(flow);
    }
    plan();
  }

  private void links(Flow flow) {
    for (Link link : flow.links) {
      changed(link);
    }
  }

  private void plan() {
    if (!planned) {
      planned = true;
      timeline.at((timeline.now() / grain + 1) * grain, this::step);
    }
  }

  private void step() {
    planned = false;
    for (int round = 0;
        round < ROUNDS && !(changedLinks.isEmpty() && changedFlows.isEmpty());
        round++) {
      refill();
      settle();
    }
    if (!changedLinks.isEmpty() || !changedFlows.isEmpty()) {
      plan();
    }
  }

  private void refill() {
    List<Link> links = changedLinks;
    changedLinks = new ArrayList<>();
    for (Link link : links) {
      link.changed = false;
      double before = link.refill();
      double after = link.level();
      if (!differ(before, after)) {
        continue;
      }
      double least = Math.min(before, after);
      for (Flow flow : link.flows) {
        for (Link other : flow.links) {
          if (other != link && least < other.level() * (1 + tolerance)) {
            changed(other);
          }
        }
        changed(flow);
      }
    }
  }

  private boolean differ(double a, double b) {
    return a != b && !(Math.abs(a - b) <= tolerance * Math.min(a, b));
  }

  private void settle() {
    List<Flow> flows = changedFlows;
    changedFlows = new ArrayList<>();
    for (Flow flow : flows) {
      flow.changed = false;
      if (flow.running) {
        settle(flow);
      }
    }
  }

  private void settle(Flow flow) {
    long now = timeline.now();
    flow.advance(now);
    Flow source = flow.source;
    if (source != null) {
      follow(flow, source, now);
    }
    double rate = flow.mostBeside(null);
    if (differ(rate, flow.rate)) {
      flow.rate = rate;
      for (Flow relay : flow.relays) {
        if (relay.following) {
          links(relay);
        }
        changed(relay);
      }
    }
    if (rate > 0) {
      flow.zeroSince = -1;
    } else if (flow.zeroSince < 0) {
      flow.zeroSince = now;
      watch(flow);
    }
    plan(flow);
  }

  /** Whether it comes at its source's pace: not while it is blocks behind. */
  private void follow(Flow flow, Flow source, long now) {
    double behind = source.received(now) - block - flow.received(now);
    boolean waits = source.received(now) < block - 1;
    boolean follows = waits || (flow.following ? behind < 2 * block : behind <= 1);
    if (follows != flow.following || waits != flow.waiting) {
      flow.following = follows;
      flow.waiting = waits;
      links(flow);
    }
  }

  /** When to look at it again: at its mark, or when it has caught up. */
  private void plan(Flow flow) {
    long due = Long.MAX_VALUE;
    double left = flow.mark - flow.received(timeline.now());
    if (left <= 0) {
      due = timeline.now();
    } else if (flow.rate > 0) {
      due = later(left / flow.rate);
    }
    Flow source = flow.source;
    if (source != null && flow.waiting && source.rate > 0) {
      due =
          Math.min(due, later(Math.max(0, block - source.received(timeline.now())) / source.rate));
    } else if (source != null && !flow.following && flow.rate > source.rate) {
      double behind = source.received(timeline.now()) - block - flow.received(timeline.now());
      due = Math.min(due, later(Math.max(0, behind) / (flow.rate - source.rate)));
    }
    dueAt(flow, due);
  }

  private void dueAt(Flow flow, long due) {
    if (due < flow.dueAt) {
      flow.dueAt = due;
      timeline.at(due, () -> due(flow, due));
    }
  }

  private long later(double nanos) {
    double time = timeline.now() + Math.ceil(nanos);
    return time > Long.MAX_VALUE / 2.0 ? Long.MAX_VALUE : (long) time;
  }

  private void due(Flow flow, long planned) {
    if (!flow.running || flow.dueAt != planned) {
      return;
    }
    flow.dueAt = Long.MAX_VALUE;
    if (flow.received(timeline.now()) >= flow.mark - 1) {
      flow.advance(timeline.now());
      flow.settleAt(flow.mark);
      flow.listener.reached(flow);
    }
    if (flow.running) {
      settle(flow);
    }
  }

  private void watch(Flow flow) {
    long since = flow.zeroSince;
    timeline.after(
        STALL,
        () -> {
          if (flow.running && flow.zeroSince == since) {
            flow.listener.stalled(flow);
          }
        });
  }
}
