package io.dragonfly.lab.sim;

import java.util.List;
import java.util.SplittableRandom;

/** Lets happen what goes wrong. */
final class Faults {
  /** A slow disk gives so much of the link's rate. */
  private static final double SLOW = 0.1;

  /** After so long a link to the scheduler that a partition cut counts as lost. */
  private static final long SCHEDULER_PATIENCE = 13 * Timeline.SECOND;

  private final World world;
  private final Users users;
  private final List<Fault> plan;
  private final SplittableRandom random;
  private int sides;
  private int schedulerStops;

  Faults(World world, Users users, List<Fault> plan) {
    this.world = world;
    this.users = users;
    this.plan = plan;
    this.random = new SplittableRandom(world.options.seed() + 99);
  }

  void plan() {
    for (Fault fault : plan) {
      world.timeline.at(fault.at(), () -> begin(fault));
      if (!fault.isForGood()) {
        world.timeline.at(fault.at() + fault.nanos(), () -> end(fault));
      }
    }
  }

  private SimHost host(Fault fault) {
    return world.hosts.get(fault.hosts().getFirst());
  }

  private void begin(Fault fault) {
    world.trace.add(4, world.timeline.now(), fault.number());
    world.watch.beforeFault(fault);
    switch (fault.kind()) {
      case CRASH -> die(host(fault), false);
      case POWER -> die(host(fault), true);
      case PARTITION -> {
        sides++;
        fault.hosts().forEach(number -> world.hosts.get(number).side = sides);
        world.reconnect();
        int side = sides;
        world.timeline.after(SCHEDULER_PATIENCE, () -> loseScheduler(fault, side));
      }
      case DISK -> {
        SimHost host = host(fault);
        host.slowDisk(SLOW * host.down.bytesPerSecond());
      }
      case CORRUPT -> host(fault).corrupt();
      case SCHEDULER -> {
        schedulerStops++;
        world.scheduler.stop();
      }
      case ORIGIN -> world.origin.fail(true);
      case CHANGE -> world.origin.change(random);
    }
    world.watch.afterFault(fault, false);
  }

  private void end(Fault fault) {
    world.trace.add(5, world.timeline.now(), fault.number());
    switch (fault.kind()) {
      case CRASH, POWER -> revive(host(fault));
      case PARTITION -> {
        fault.hosts().forEach(number -> world.hosts.get(number).side = 0);
        world.reconnect();
      }
      case SCHEDULER -> {
        schedulerStops--;
        if (schedulerStops == 0) {
          world.scheduler.restart();
        }
      }
      case ORIGIN -> world.origin.fail(false);
      case DISK, CORRUPT, CHANGE -> {
        // for good
      }
    }
    world.watch.afterFault(fault, true);
  }

  private void die(SimHost host, boolean silently) {
    if (!host.isRunning()) {
      return;
    }
    host.die(silently);
    world.hosts.forEach(other -> other.parentDied(host, silently));
    world.scheduler.seedDied(host, silently);
    world.scheduler.forget(host);
    users.died(host);
  }

  private void revive(SimHost host) {
    if (!host.isRunning()) {
      host.live();
      world.scheduler.announceSoon(host);
      users.revived(host);
    }
  }

  private void loseScheduler(Fault fault, int side) {
    for (int number : fault.hosts()) {
      SimHost host = world.hosts.get(number);
      if (host.side == side) {
        host.links().forEach(SchedulerLink::timedOut);
      }
    }
  }
}
