package io.dragonfly.lab.sim;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.daemon.download.DownloadException;
import io.dragonfly.daemon.link.PeerReport;
import io.dragonfly.scheduler.origin.OriginFailure;
import io.dragonfly.scheduler.placement.Rating.Place;
import io.dragonfly.scheduler.swarm.HostAnnouncement;
import io.dragonfly.scheduler.swarm.Opaque;
import io.dragonfly.scheduler.swarm.Registration;
import io.dragonfly.scheduler.swarm.Swarm;
import io.dragonfly.scheduler.swarm.SwarmAction;
import io.dragonfly.scheduler.swarm.SwarmSettings;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The scheduler: does what a {@link Swarm} decides, as the scheduler's own shell does it. */
final class SimScheduler {
  /** One way, nanoseconds. */
  static final long AWAY = Timeline.MILLI / 2;

  private static final long TICK = 100 * Timeline.MILLI;
  private static final long FIRST_RETRY = Timeline.SECOND / 2;
  private static final long LAST_RETRY = 15 * Timeline.SECOND;

  /** Some time in the past: a swarm counts from 1970. */
  private static final long EPOCH_MILLIS = 1_700_000_000_000L;

  final World world;
  private final SwarmSettings settings;
  private final Map<Long, SchedulerLink> sessions = new LinkedHashMap<>();
  private final Map<Long, Trigger> triggers = new LinkedHashMap<>();
  private final Set<SimHost> announced = new LinkedHashSet<>();
  private @Nullable Swarm swarm;
  private long lastSession;
  private long era;

  private record Trigger(SimHost seed, long life, long caller) {}

  SimScheduler(World world, SwarmSettings settings) {
    this.world = world;
    this.settings = settings;
    start();
  }

  private void start() {
    era++;
    swarm = new Swarm(settings, world.options.seed() * 17 + era, era > 1, this::carryOut);
    long now = era;
    world.timeline.after(TICK, () -> tick(now));
  }

  boolean isUp() {
    return swarm != null;
  }

  @Nullable Swarm swarm() {
    return swarm;
  }

  long now() {
    return EPOCH_MILLIS + world.timeline.now() / Timeline.MILLI;
  }

  private void tick(long of) {
    Swarm here = swarm;
    if (here == null || of != era) {
      return;
    }
    if (here.nextDeadline() <= now()) {
      here.tick(now());
    }
    world.timeline.after(TICK, () -> tick(of));
  }

  // The process.

  /** It loses all it knew. */
  void stop() {
    swarm = null;
    announced.clear();
    List.copyOf(sessions.values()).forEach(link -> toHost(link.host(), link::broken));
    sessions.clear();
    List<Trigger> calls = List.copyOf(triggers.values());
    triggers.clear();
    calls.forEach(this::cancel);
  }

  /** It comes back; the hosts notice soon, and announce themselves and what they hold. */
  void restart() {
    start();
    world.hosts.forEach(this::announceSoon);
  }

  // Hosts.

  /** Announces the host at once, or again and again until it is heard. */
  void announceSoon(SimHost host) {
    announce(host, host.life(), FIRST_RETRY);
  }

  private void announce(SimHost host, long life, long pause) {
    if (!host.isRunning() || host.life() != life) {
      return;
    }
    if (swarm == null || world.isCut(host)) {
      world.timeline.after(pause, () -> announce(host, life, Math.min(2 * pause, LAST_RETRY)));
      return;
    }
    toScheduler(host, era, () -> announced(host, life));
  }

  private void announced(SimHost host, long life) {
    Swarm here = swarm;
    if (here == null || !announced.add(host) || host.life() != life) {
      return;
    }
    here.announce(
        new HostAnnouncement(
            host.id,
            host.seed ? 1 : 0,
            host.id.value(),
            host.ip(),
            4000,
            4001,
            false,
            new Place(world.idc(host), world.location(host)),
            0,
            Opaque.EMPTY),
        now());
    toHost(host, () -> announceHolding(host, life));
  }

  /** What is whole in its store is made known. */
  private void announceHolding(SimHost host, long life) {
    SimStore store = host.store();
    if (store == null || host.life() != life || !store.isComplete() || host.isDownloading()) {
      return;
    }
    long session = ++lastSession;
    PeerReport.Register held =
        new PeerReport.Register(
            new PeerId(host.id.value() + "-holds-" + session),
            world.request(false),
            Optional.of(world.content.info(store.version)),
            store.held,
            store.roots(),
            true);
    toScheduler(host, era, () -> register(Words.registration(held, host.id, session)));
  }

  /** The daemon is gone: its machine will announce itself anew. */
  void forget(SimHost host) {
    announced.remove(host);
  }

  // Streams.

  SchedulerLink open(SimHost host, int number) {
    SchedulerLink link = new SchedulerLink(this, host, number, ++lastSession, era);
    if (swarm == null || world.isCut(host)) {
      long patience = world.isCut(host) ? 3 * Timeline.SECOND : 2 * AWAY;
      world.timeline.after(patience, link::broken);
      return link;
    }
    sessions.put(link.session(), link);
    toScheduler(host, era, () -> announced(host, host.life()));
    world.timeline.after(4 * AWAY, link::ready);
    return link;
  }

  void register(Registration said) {
    Swarm here = swarm;
    if (here != null) {
      here.register(said, now());
    }
  }

  void report(PeerId peer, long session, io.dragonfly.scheduler.swarm.PeerReport report) {
    Swarm here = swarm;
    if (here != null && world.plant().isHeard(here, peer, report)) {
      here.report(SimContent.TASK, peer, session, report, now());
    }
  }

  void lost(PeerId peer, long session) {
    Swarm here = swarm;
    sessions.remove(session);
    if (here != null && world.plant().isHeard(here, peer, null)) {
      here.streamLost(SimContent.TASK, peer, session, now());
    }
  }

  /** A message on its way; one to an earlier life of the scheduler is lost with its connection. */
  void toScheduler(SimHost host, long to, Runnable message) {
    world.deliver(
        () -> world.isCut(host),
        AWAY,
        () -> {
          if (to == era && swarm != null) {
            world.trace.add(3, world.timeline.now(), host.number);
            message.run();
          }
        });
  }

  void toHost(SimHost host, Runnable message) {
    world.deliver(() -> world.isCut(host), AWAY, message);
  }

  // Actions.

  private void carryOut(SwarmAction action) {
    switch (action) {
      case SwarmAction.Tell(long session, var order) -> {
        SchedulerLink link = sessions.get(session);
        if (link != null) {
          link.tell(order);
        }
      }
      case SwarmAction.End(long session, var code, String text) -> {
        SchedulerLink link = sessions.remove(session);
        if (link != null) {
          link.end(code, text);
        }
      }
      case SwarmAction.TriggerSeed trigger -> trigger(trigger);
      case SwarmAction.CancelTrigger(long number) -> {
        Trigger running = triggers.remove(number);
        if (running != null) {
          cancel(running);
        }
      }
      case SwarmAction.Notice(var _, String text) -> world.watch.notice(text);
      case SwarmAction.HostNotice(var host, String text) ->
          world.watch.notice(text + " host=" + host);
    }
  }

  private void trigger(SwarmAction.TriggerSeed trigger) {
    SimHost seed = world.host(trigger.seed().id());
    long number = trigger.trigger();
    long calledIn = era;
    long life = seed.life();
    triggers.put(number, new Trigger(seed, life, 0));
    toHost(
        seed,
        () -> {
          if (!seed.isRunning() || seed.life() != life) {
            triggerFailed(seed, calledIn, number, "connection refused");
          } else if (triggers.containsKey(number)) {
            long caller =
                seed.attach(world.request(true), new Called(this, seed, calledIn, number));
            triggers.put(number, new Trigger(seed, life, caller));
          }
        });
  }

  private void cancel(Trigger running) {
    SimHost seed = running.seed();
    toHost(
        seed,
        () -> {
          if (running.caller() != 0 && seed.life() == running.life()) {
            seed.detach(
                running.caller(),
                new DownloadException(
                    DownloadException.Code.CANCELLED, "the scheduler cancelled its call"));
          }
        });
  }

  /** A daemon died: its calls break. */
  void seedDied(SimHost seed, boolean silently) {
    if (!silently) {
      long calledIn = era;
      triggers.forEach((number, trigger) -> {
        if (trigger.seed() == seed) {
          triggerFailed(seed, calledIn, number, "connection reset");
        }
      });
    }
  }

  private void triggerFailed(SimHost seed, long calledIn, long number, String why) {
    triggerOver(
        seed,
        calledIn,
        number,
        here -> here.triggerFailed(SimContent.TASK, number, OriginFailure.unknown(why), now()));
  }

  /** The scheduler hears how a call ended, unless it has made an end of it itself. */
  private void triggerOver(SimHost seed, long calledIn, long number, Consumer<Swarm> news) {
    toScheduler(
        seed,
        calledIn,
        () -> {
          Swarm here = swarm;
          if (here != null && triggers.remove(number) != null) {
            news.accept(here);
          }
        });
  }

  /** The seed's end of a call. */
  private record Called(SimScheduler scheduler, SimHost seed, long calledIn, long number)
      implements SimHost.Caller {
    @Override
    public void finished() {
      scheduler.triggerOver(
          seed,
          calledIn,
          number,
          here -> here.triggerFinished(SimContent.TASK, number, Optional.empty(), scheduler.now()));
    }

    @Override
    public void failed(DownloadException failure) {
      String why = String.valueOf(failure.getMessage());
      OriginFailure words =
          failure.originStatus().isPresent()
              ? OriginFailure.found(failure.originStatus(), Map.of(), why)
              : OriginFailure.unknown(why);
      scheduler.triggerOver(
          seed,
          calledIn,
          number,
          here -> here.triggerFailed(SimContent.TASK, number, words, scheduler.now()));
    }
  }
}
