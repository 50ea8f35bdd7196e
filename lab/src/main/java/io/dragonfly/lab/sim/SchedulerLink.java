package io.dragonfly.lab.sim;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.daemon.download.Event;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.scheduler.swarm.EndCode;
import io.dragonfly.scheduler.swarm.PeerOrder;
import org.jspecify.annotations.Nullable;

/** One host's stream to the scheduler for its download, with both of its ends. */
final class SchedulerLink {
  /** Until a server notices that a machine is gone: its pings. */
  private static final long SILENT = 80 * Timeline.SECOND;

  private final SimScheduler scheduler;
  private final SimHost host;
  private final int number;
  private final long session;
  private final long life;

  /** The scheduler's life in which it was opened. */
  private final long era;

  private @Nullable PeerId peer;
  private boolean said;
  private boolean closed;

  SchedulerLink(SimScheduler scheduler, SimHost host, int number, long session, long era) {
    this.scheduler = scheduler;
    this.host = host;
    this.number = number;
    this.session = session;
    this.era = era;
    this.life = host.life();
  }

  boolean isJoined() {
    return peer != null && !closed;
  }

  long session() {
    return session;
  }

  long era() {
    return era;
  }

  SimHost host() {
    return host;
  }

  void ready() {
    if (isHeard()) {
      host.post(new Event.LinkReady(number, true), 0);
    }
  }

  private boolean isHeard() {
    return !closed && host.life() == life;
  }

  void send(PeerReport report) {
    if (closed || said) {
      return;
    }
    said = report instanceof PeerReport.Finished || report instanceof PeerReport.Failed;
    if (report instanceof PeerReport.Register register) {
      peer = register.peer();
      scheduler.toScheduler(
          host, era, () -> scheduler.register(Words.registration(register, host.id, session)));
    } else {
      PeerId known = peer;
      if (known != null) {
        var words = Words.report(report);
        scheduler.toScheduler(host, era, () -> scheduler.report(known, session, words));
      }
    }
  }

  /** The host has nothing more to say. */
  void close() {
    if (!closed) {
      closed = true;
      lost(0);
    }
  }

  /** The host is gone. */
  void dropped(boolean silently) {
    closed = true;
    lost(silently ? SILENT : 0);
  }

  private void lost(long delay) {
    PeerId known = peer;
    if (known != null) {
      scheduler.world.timeline.after(
          delay, () -> scheduler.toScheduler(host, era, () -> scheduler.lost(known, session)));
    }
  }

  /** The network between the two has been cut for too long. */
  void timedOut() {
    if (!closed) {
      closed = true;
      host.linkLost(number, "it does not answer", false);
      lost(SILENT);
    }
  }

  /** The scheduler's process is gone. */
  void broken() {
    if (isHeard()) {
      closed = true;
      host.linkLost(number, "UNAVAILABLE: connection reset", false);
    }
  }

  void tell(PeerOrder order) {
    SwarmOrder words = Words.order(order);
    scheduler.toHost(
        host,
        () -> {
          if (isHeard()) {
            host.post(new Event.LinkOrder(number, words), 0);
          }
        });
  }

  void end(EndCode code, String text) {
    scheduler.toHost(
        host,
        () -> {
          if (!isHeard()) {
            return;
          }
          closed = true;
          if (code == EndCode.OK && said) {
            return;
          }
          boolean hostUnknown = code == EndCode.NOT_FOUND && text.startsWith("host ");
          if (code != EndCode.OK && !hostUnknown) {
            host.post(new Event.LinkOrder(number, new SwarmOrder.Ended(code.name(), text)), 0);
          }
          host.linkLost(number, code + ": " + text, hostUnknown);
          if (hostUnknown) {
            scheduler.announceSoon(host);
          }
        });
  }
}
