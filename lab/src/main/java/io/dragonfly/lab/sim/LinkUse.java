package io.dragonfly.lab.sim;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Says once a virtual second how well the swarm uses its links, and where the rest is lost.
 *
 * <ul>
 *   <li>The part of all ways up, those of the seeds among them, that was used in this second, and
 *       of all ways down.
 *   <li>The part of the unfinished downloads that had nothing to ask for: all that their parents
 *       have or begin to get, they have or get themselves.
 *   <li>The part of the transfers that came at the pace of the one they pass on, be it that they
 *       wait for its first block: no link of their own held them back.
 *   <li>The part of the content that a host has, in the middle and at the worst.
 * </ul>
 *
 * <p>It only looks: the trace of the run is the same as without it.
 */
final class LinkUse {
  private static final int SAMPLES = 20;
  private static final long PAUSE = Timeline.SECOND / SAMPLES;

  private final World world;
  private final Consumer<String> out;
  private int taken;
  private double up;
  private double down;
  private long idle;
  private long unfinished;
  private long paced;
  private long transfers;

  LinkUse(World world, Consumer<String> out) {
    this.world = world;
    this.out = out;
  }

  /** From now on, for as long as somebody downloads. */
  void begin() {
    world.timeline.after(PAUSE, this::look);
  }

  private void look() {
    double most = 0;
    double sent = 0;
    double got = 0;
    for (SimHost host : world.hosts) {
      most += host.up.bytesPerSecond();
      for (Flow flow : host.up.flows) {
        sent += flow.rate * Timeline.SECOND;
        transfers++;
        paced += isPaced(flow) ? 1 : 0;
      }
      got += host.down.flows.stream().mapToDouble(flow -> flow.rate * Timeline.SECOND).sum();
    }
    up += sent / most;
    down += got / most;
    for (SimHost host : world.hosts.subList(0, world.options.hosts())) {
      SimStore store = host.store();
      if (host.isDownloading() && store != null && !store.isComplete()) {
        unfinished++;
        idle += isIdle(host) ? 1 : 0;
      }
    }
    if (++taken == SAMPLES) {
      print();
    }
    boolean busy = world.hosts.stream().anyMatch(SimHost::isDownloading);
    if (busy || world.timeline.now() <= Timeline.SECOND) {
      begin();
    }
  }

  private static boolean isPaced(Flow flow) {
    Flow source = flow.source;
    return source != null && (flow.waiting || (flow.following && flow.rate >= source.rate * 0.999));
  }

  private static boolean isIdle(SimHost host) {
    BitSet offered = new BitSet();
    host.offeredToIt(offered);
    host.removeOwn(offered);
    return offered.isEmpty();
  }

  private void print() {
    int hosts = world.options.hosts();
    double[] held = new double[hosts];
    for (int i = 0; i < hosts; i++) {
      SimStore store = world.hosts.get(i).store();
      held[i] = store == null ? 0 : store.held.cardinality();
    }
    Arrays.sort(held);
    int pieces = world.content.layout.pieceCount();
    out.accept(
        String.format(
            Locale.ROOT,
            "%4d s: up %.2f, down %.2f, nothing to ask for %.2f, paced by another %.2f of %d"
                + " transfers, held %.2f, least %.2f",
            world.timeline.now() / Timeline.SECOND,
            up / SAMPLES,
            down / SAMPLES,
            unfinished == 0 ? 0 : idle / (double) unfinished,
            transfers == 0 ? 0 : paced / (double) transfers,
            transfers / SAMPLES,
            held[hosts / 2] / pieces,
            held[0] / pieces));
    taken = 0;
    up = 0;
    down = 0;
    idle = 0;
    unfinished = 0;
    paced = 0;
    transfers = 0;
  }
}
