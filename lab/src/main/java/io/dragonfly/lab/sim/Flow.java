package io.dragonfly.lab.sim;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Bytes on their way over some links. It tells its listener when as many have arrived as its mark
 * says, and when none came for too long.
 *
 * <p>A relayed flow passes on what another one brings, one block behind it: it comes at the other's
 * pace once it has caught up.
 */
final class Flow {
  /** What it has brought, and that it brings nothing. The flow may be removed in either. */
  interface Listener {
    void reached(Flow flow);

    void stalled(Flow flow);
  }

  final Listener listener;
  final Link[] links;

  /** What it passes on; null: all of it is there. */
  @Nullable Flow source;

  final List<Flow> relays = new ArrayList<>();

  /** Bytes at which the listener is told. */
  double mark;

  /** Bytes per nanosecond. */
  double rate;

  /** It has caught up with its source. */
  boolean following;

  /** Its source has no block yet. */
  boolean waiting;

  /** Nothing passes, for now. */
  boolean cut;

  boolean running = true;
  boolean changed;
  long dueAt = Long.MAX_VALUE;
  long zeroSince = -1;
  private double received;
  private long at;

  Flow(Listener listener, double mark, @Nullable Flow source, long now, Link... links) {
    this.listener = listener;
    this.mark = mark;
    this.source = source;
    this.at = now;
    this.links = links;
  }

  double received(long now) {
    return received + rate * (now - at);
  }

  void advance(long now) {
    received += rate * (now - at);
    at = now;
  }

  /** Rounding errors end at each mark. */
  void settleAt(double bytes) {
    received = bytes;
  }

  /** The most that it gets, as far as that link is not concerned. */
  double mostBeside(@Nullable Link link) {
    if (cut || waiting) {
      return 0;
    }
    double most = Double.POSITIVE_INFINITY;
    Flow from = source;
    if (from != null && following) {
      most = from.rate;
    }
    for (Link other : links) {
      if (other != link) {
        most = Math.min(most, other.most());
      }
    }
    return most;
  }
}
