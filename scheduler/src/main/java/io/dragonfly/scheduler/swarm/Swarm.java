package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.scheduler.origin.OriginFailure;
import io.dragonfly.scheduler.origin.OriginLease;
import io.dragonfly.scheduler.origin.SeedChoice;
import io.dragonfly.scheduler.placement.Quarantine;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The front door: all hosts and tasks. Safe for use by many threads.
 *
 * <p>Every event names the time in milliseconds since 1970; it must not run backwards. Actions go
 * to the consumer given to the constructor, on the thread of the event or of another event of the
 * same task, without a lock held and in the order of the decisions of each task. The consumer must
 * not block; it may call back.
 */
public final class Swarm {
  /** So long after it began, it meets swarms that knew an earlier scheduler. */
  private static final long EARLY_MILLIS = 60_000;

  private static final long NOT_BEGUN = Long.MAX_VALUE;

  private final SwarmSettings settings;
  private final long seed;
  private final boolean restarted;
  private final Consumer<SwarmAction> actions;
  private final HostTable hosts;
  private final SharedLists sharedLists = new SharedLists();
  private final Quarantine quarantine;
  private final Map<TaskId, Entry> tasks = new ConcurrentHashMap<>();

  /** Those with a deadline: most tasks have nothing under way, and are not looked at. */
  private final Set<Entry> timed = ConcurrentHashMap.newKeySet();

  private final AtomicLong triggers = new AtomicLong();
  private final AtomicLong beganAt = new AtomicLong(NOT_BEGUN);
  private volatile SwarmLimits limits = SwarmLimits.defaults();

  /** A task with its lock and its way out. */
  private static final class Entry {
    final TaskSwarm swarm;
    final ReentrantLock lock = new ReentrantLock();
    final ConcurrentLinkedQueue<SwarmAction> outbox = new ConcurrentLinkedQueue<>();
    final AtomicInteger draining = new AtomicInteger();
    boolean removed;

    Entry(TaskSwarm swarm) {
      this.swarm = swarm;
    }
  }

  /** What follows from one event in other tasks. */
  private record FollowUp(TaskId task, Consumer<TaskSwarm> event) {}

  /**
   * A swarm without hosts and tasks.
   *
   * @param seed of all chance in here: equal seeds and equal events give equal actions
   * @param restarted there was a scheduler before: what its peers hold is waited for, two seconds
   *     from the first event on, before anybody reads an origin
   */
  public Swarm(
      SwarmSettings settings, long seed, boolean restarted, Consumer<SwarmAction> actions) {
    this.settings = settings;
    this.seed = seed;
    this.restarted = restarted;
    this.actions = actions;
    this.hosts = new HostTable(settings.maxHosts());
    this.quarantine = new Quarantine(settings.quarantine());
  }

  /** Takes over a changed dynamic configuration. */
  public void limits(SwarmLimits changed, long now) {
    limits = changed;
    tasks.keySet().stream().sorted().forEach(id -> on(id, swarm -> swarm.limits(changed), now));
    for (Host host : hosts.all()) {
      for (TaskId task : host.slots().limit(changed.slots(host.facts().seed()))) {
        on(task, swarm -> swarm.wake(now), now);
      }
    }
  }

  // Hosts.

  /** Notes the first time that this scheduler hears of. */
  private void began(long now) {
    if (beganAt.get() == NOT_BEGUN) {
      beganAt.compareAndSet(NOT_BEGUN, now);
    }
  }

  /** A host says that it is there; false when there are too many hosts. */
  public boolean announce(HostAnnouncement announcement, long now) {
    began(now);
    Optional<Host> known =
        hosts.findOrAdd(announcement.id(), limits.slots(announcement.isSeed()), now);
    if (known.isEmpty()) {
      return false;
    }
    Host host = known.get();
    boolean changed = host.announce(announcement, now);
    List<TaskId> wanting = host.slots().limit(limits.slots(announcement.isSeed()));
    hosts.noteSeed(host);
    quarantine.answered(host.id());
    if (changed) {
      hostChanged(host, now);
    }
    wanting.forEach(task -> on(task, swarm -> swarm.wake(now), now));
    return true;
  }

  /** A host leaves, with all its peers; false when it is unknown. */
  public boolean deleteHost(HostId id, long now) {
    Optional<Host> known = hosts.find(id).filter(host -> host.facts().announced());
    known.ifPresent(host -> forget(host, now));
    return known.isPresent();
  }

  /** What a look at a seed showed. */
  public void seedHealth(HostId id, boolean healthy) {
    hosts.find(id).ifPresent(host -> host.healthy(healthy));
  }

  /** Announced hosts, in the order of their ids. */
  public List<HostView> hosts() {
    return hosts.all().stream().flatMap(host -> view(host).stream()).toList();
  }

  /** An announced host. */
  public Optional<HostView> host(HostId id) {
    return hosts.find(id).flatMap(Swarm::view);
  }

  /** Whether an announced host is a seed. */
  public boolean isSeed(HostId id) {
    return hosts
        .find(id)
        .map(Host::facts)
        .filter(facts -> facts.announced() && facts.seed())
        .isPresent();
  }

  // Peers.

  /** A peer's first word on a stream. */
  public void register(Registration said, long now) {
    Registration registration = said.sharing(sharedLists);
    began(now);
    TaskId id = registration.task();
    Optional<Host> host =
        tasks.size() >= settings.maxTasks() && !tasks.containsKey(id)
            ? Optional.empty()
            : hosts.withPeer(registration.host(), id, limits.slots(false), now);
    if (host.isEmpty()) {
      actions.accept(
          new SwarmAction.End(
              registration.session(),
              EndCode.RESOURCE_EXHAUSTED,
              "the scheduler knows too many tasks or hosts"));
      return;
    }
    while (true) {
      Entry entry = tasks.computeIfAbsent(id, key -> newEntry(registration, now));
      if (run(entry, swarm -> swarm.register(registration, host.get(), now), now)) {
        return;
      }
    }
  }

  /** A later word on that stream; from another stream than the peer's latest it is ignored. */
  public void report(TaskId task, PeerId peer, long session, PeerReport report, long now) {
    on(task, swarm -> swarm.report(peer, session, report, now), now);
  }

  /** The stream has ended without the peer's last word. */
  public void streamLost(TaskId task, PeerId peer, long session, long now) {
    on(task, swarm -> swarm.streamLost(peer, session, now), now);
  }

  /** The call to a seed ended well; {@code learned}: what it said of the content. */
  public void triggerFinished(TaskId task, long trigger, Optional<ContentInfo> learned, long now) {
    on(task, swarm -> swarm.triggerFinished(trigger, learned, now), now);
  }

  /** The call to a seed failed. */
  public void triggerFailed(TaskId task, long trigger, OriginFailure failure, long now) {
    on(task, swarm -> swarm.triggerFailed(trigger, failure, now), now);
  }

  /** Forgets a peer. */
  public void deletePeer(TaskId task, PeerId peer, long now) {
    on(task, swarm -> swarm.peerGone(peer, now), now);
  }

  /** A host dropped a task; false when the host is unknown. */
  public boolean deleteTask(HostId host, TaskId task, long now) {
    if (hosts.find(host).isEmpty()) {
      return false;
    }
    on(task, swarm -> swarm.hostGone(host, now), now);
    return true;
  }

  public Optional<TaskView> task(TaskId id) {
    return look(id, swarm -> swarm.task().view(swarm.isAvailable()));
  }

  /** A peer, with its task. */
  public Optional<Map.Entry<TaskView, PeerView>> peer(TaskId task, PeerId id) {
    return look(
            task,
            swarm ->
                Optional.ofNullable(swarm.task().peers.get(id))
                    .map(peer -> Map.entry(swarm.task().view(swarm.isAvailable()), peer.view())))
        .flatMap(Function.identity());
  }

  // Time.

  /** Deadlines: to be called several times a second, or when {@link #nextDeadline} has come. */
  public void tick(long now) {
    began(now);
    for (HostId id : quarantine.expire(now)) {
      hosts
          .find(id)
          .ifPresent(host -> {
            host.quarantined(false);
            actions.accept(new SwarmAction.HostNotice(id, "event=quarantine_ended"));
            hostChanged(host, now);
          });
    }
    timed.stream()
        .filter(entry -> entry.swarm.nextDeadline() <= now)
        .sorted(Comparator.comparing((Entry entry) -> entry.swarm.task().id))
        .forEach(entry -> run(entry, swarm -> swarm.tick(now), now));
  }

  /** The next time at which {@link #tick} has something to do; Long.MAX_VALUE: nothing waits. */
  public long nextDeadline() {
    return timed.stream()
        .mapToLong(entry -> entry.swarm.nextDeadline())
        .min()
        .orElse(Long.MAX_VALUE);
  }

  /** Forgets hosts that went silent, peers that nobody uses, tasks without peers. */
  public void collect(long now) {
    for (Host host : hosts.all()) {
      long interval = host.announcement().map(HostAnnouncement::intervalMillis).orElse(0L);
      long ttl = interval > 0 ? 2 * interval : settings.hostMillis();
      if (host.facts().announced() && now - host.updatedAt() > ttl) {
        actions.accept(new SwarmAction.HostNotice(host.id(), "event=host_went_silent"));
        forget(host, now);
      } else {
        hosts.removeIfUnused(host.id());
      }
    }
    for (TaskId id : tasks.keySet().stream().sorted().toList()) {
      on(
          id,
          swarm -> {
            if (swarm.collect(now)) {
              Entry entry = tasks.remove(id);
              if (entry != null) {
                entry.removed = true;
              }
            }
          },
          now);
    }
  }

  /** How many hosts and tasks there are; cheap. The other numbers are 0. */
  public Usage counts() {
    return new Usage(hosts.size(), tasks.size(), 0, 0, 0, 0);
  }

  /** Counts everything; takes each task's lock for a moment. */
  public Usage usage() {
    int peers = 0;
    int edges = 0;
    int leases = 0;
    for (Entry entry : tasks.values()) {
      entry.lock.lock();
      try {
        Task task = entry.swarm.task();
        peers += task.peers.size();
        edges += task.peers.values().stream().mapToInt(peer -> peer.parents.size()).sum();
        leases += task.lease.state() instanceof OriginLease.State.Free ? 0 : 1;
      } finally {
        entry.lock.unlock();
      }
    }
    int slots = hosts.all().stream().mapToInt(host -> host.slots().used()).sum();
    return new Usage(hosts.size(), tasks.size(), peers, edges, slots, leases);
  }

  /** For tests of invariants: looks at a task under its lock. */
  <T> Optional<T> look(TaskId id, Function<TaskSwarm, T> view) {
    Entry entry = tasks.get(id);
    if (entry == null) {
      return Optional.empty();
    }
    entry.lock.lock();
    try {
      return Optional.of(view.apply(entry.swarm));
    } finally {
      entry.lock.unlock();
    }
  }

  List<TaskId> taskIds() {
    return tasks.keySet().stream().sorted().toList();
  }

  private Entry newEntry(Registration registration, long now) {
    TaskId id = registration.task();
    Task task =
        new Task(
            id,
            registration.download(),
            settings,
            limits,
            new SplittableRandom(seed ^ SeedChoice.hash(id.value())),
            now - beganAt.get() < EARLY_MILLIS,
            now);
    if (restarted) {
      task.awaitReturns(beganAt.get());
    }
    return new Entry(new TaskSwarm(task, hosts, quarantine, triggers::incrementAndGet));
  }

  private void forget(Host host, long now) {
    host.forgetAnnouncement();
    hosts.noteSeed(host);
    for (TaskId task : host.tasks()) {
      on(task, swarm -> swarm.hostGone(host.id(), now), now);
    }
    hosts.removeIfUnused(host.id());
  }

  private void hostChanged(Host host, long now) {
    for (TaskId task : host.tasks()) {
      on(task, swarm -> swarm.hostChanged(host.id(), now), now);
    }
  }

  private void on(TaskId id, Consumer<TaskSwarm> event, long now) {
    Entry entry = tasks.get(id);
    if (entry != null) {
      run(entry, event, now);
    }
  }

  /**
   * Runs an event and, one after the other, what follows from it elsewhere; false: the task is
   * gone.
   */
  private boolean run(Entry entry, Consumer<TaskSwarm> event, long now) {
    ArrayDeque<FollowUp> queue = new ArrayDeque<>();
    if (!runOne(entry, event, queue, now)) {
      return false;
    }
    for (FollowUp next = queue.poll(); next != null; next = queue.poll()) {
      Entry other = tasks.get(next.task());
      if (other != null) {
        runOne(other, next.event(), queue, now);
      }
    }
    return true;
  }

  private boolean runOne(
      Entry entry, Consumer<TaskSwarm> event, ArrayDeque<FollowUp> queue, long now) {
    Effects effects;
    entry.lock.lock();
    try {
      if (entry.removed) {
        return false;
      }
      event.accept(entry.swarm);
      effects = entry.swarm.task().takeEffects();
      entry.outbox.addAll(effects.actions);
      noteDeadline(entry);
    } finally {
      entry.lock.unlock();
    }
    drain(entry);
    for (TaskId task : effects.wakes) {
      queue.add(new FollowUp(task, swarm -> swarm.wake(now)));
    }
    for (HostId id : effects.quarantined) {
      hosts.find(id).ifPresent(host -> quarantine(host, queue, now));
    }
    effects.left.forEach(hosts::removeIfUnused);
    return true;
  }

  /** Its lock is held. */
  private void noteDeadline(Entry entry) {
    if (entry.removed || entry.swarm.nextDeadline() == Long.MAX_VALUE) {
      timed.remove(entry);
    } else {
      timed.add(entry);
    }
  }

  private void quarantine(Host host, ArrayDeque<FollowUp> queue, long now) {
    host.quarantined(true);
    actions.accept(new SwarmAction.HostNotice(host.id(), "event=quarantine_began"));
    for (TaskId task : host.tasks()) {
      queue.add(new FollowUp(task, swarm -> swarm.hostChanged(host.id(), now)));
    }
  }

  /** Whoever comes first carries out the actions of the task, the others leave theirs to him. */
  private void drain(Entry entry) {
    if (entry.draining.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    try {
      do {
        for (SwarmAction action = entry.outbox.poll();
            action != null;
            action = entry.outbox.poll()) {
          actions.accept(action);
        }
        seen = entry.draining.addAndGet(-seen);
      } while (seen != 0);
    } finally {
      if (seen != 0) {
        // The consumer threw: the next event of the task carries out what is left.
        entry.draining.set(0);
      }
    }
  }

  private static Optional<HostView> view(Host host) {
    return host.announcement()
        .map(announcement ->
            new HostView(
                announcement,
                host.facts().quarantined(),
                host.facts().healthy(),
                host.slots().used(),
                host.taskCount()));
  }
}
