package io.dragonfly.lab.sim;

import io.dragonfly.daemon.download.DownloadException;
import java.util.ArrayList;
import java.util.List;

/** One user on each host that is no seed, who wants the content, and again after a crash. */
final class Users {
  private static final long TRY_AGAIN = Timeline.SECOND;
  private static final long FIRST = 100 * Timeline.MILLI;

  private final World world;
  private final long[] beganAt;
  private final long[] endedAt;
  private final boolean[] failed;
  private int waiting;
  private int away;

  Users(World world) {
    this.world = world;
    int hosts = world.options.hosts();
    this.beganAt = new long[hosts];
    this.endedAt = new long[hosts];
    this.failed = new boolean[hosts];
  }

  void plan() {
    for (int i = 0; i < beganAt.length; i++) {
      SimHost host = world.hosts.get(i);
      world.timeline.at(FIRST + i * world.options.staggerNanos(), () -> begin(host));
      away++;
    }
  }

  private void begin(SimHost host) {
    away--;
    if (!host.isRunning() || isWaiting(host)) {
      return;
    }
    beganAt[host.number] = world.timeline.now();
    endedAt[host.number] = 0;
    failed[host.number] = false;
    waiting++;
    long life = host.life();
    world.watch.began(host);
    host.attach(
        world.request(false),
        new SimHost.Caller() {
          @Override
          public void finished() {
            end(host, life, false);
            world.watch.finished(host);
          }

          @Override
          public void failed(DownloadException failure) {
            end(host, life, true);
            world.watch.failed(host, failure);
          }
        });
  }

  private void end(SimHost host, long life, boolean inVain) {
    if (host.life() == life) {
      waiting--;
      endedAt[host.number] = world.timeline.now();
      failed[host.number] = inVain;
    }
  }

  boolean isWaiting(SimHost host) {
    return !host.seed && beganAt[host.number] != 0 && endedAt[host.number] == 0;
  }

  void died(SimHost host) {
    if (isWaiting(host)) {
      waiting--;
      beganAt[host.number] = 0;
    }
  }

  void revived(SimHost host) {
    if (!host.seed && endedAt[host.number] == 0) {
      away++;
      world.timeline.after(TRY_AGAIN, () -> begin(host));
    }
  }

  /** Whether nobody waits, or will. */
  boolean areServed() {
    return waiting == 0 && away == 0;
  }

  /** Seconds that each download took that ended well, in order. */
  List<Double> seconds() {
    List<Double> seconds = new ArrayList<>();
    for (int i = 0; i < beganAt.length; i++) {
      if (endedAt[i] != 0 && !failed[i]) {
        seconds.add((endedAt[i] - beganAt[i]) / (double) Timeline.SECOND);
      }
    }
    seconds.sort(Double::compare);
    return seconds;
  }
}
