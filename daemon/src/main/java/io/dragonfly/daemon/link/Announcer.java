package io.dragonfly.daemon.link;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.id.HostId;
import io.dragonfly.daemon.storage.PieceStore;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this host known to every scheduler of its cluster: reads the list of schedulers again and
 * again, announces the host to each at once and at an interval, and, to schedulers of ours,
 * whatever the store holds after a connection was new or lost, so that a restarted scheduler knows
 * the swarm again; what leaves the store is withdrawn. Nothing here ends a start: what fails is
 * tried again, less and less often.
 *
 * <p>One virtual thread reads the list, and one for each scheduler announces.
 */
public final class Announcer implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(Announcer.class);

  private static final Duration FIRST_RETRY = Duration.ofMillis(500);
  private static final Duration LAST_RETRY = Duration.ofSeconds(15);
  private static final Duration FAREWELL = Duration.ofSeconds(3);

  /** Long enough that a scheduler which stands still is found out, and its connection renewed. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** How long a download waits for an announcement before it tries the next scheduler. */
  private static final Duration LINK_PATIENCE = Duration.ofSeconds(3);

  private final SchedulerSource source;
  private final SchedulerSet schedulers;
  private final Supplier<HostInfo> host;
  private final SchedulerLine line;
  private final Holdings holdings;
  private final Withdrawals withdrawals;
  private final Options options;
  private final CountDownLatch firstRead = new CountDownLatch(1);
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<InetSocketAddress, Session> sessions = new HashMap<>();

  @GuardedBy("lock")
  private @Nullable Thread reader;

  @GuardedBy("lock")
  private boolean closed;

  /**
   * How often.
   *
   * @param refresh between two readings of the list
   * @param announce between two announcements
   */
  public record Options(Duration refresh, Duration announce) {}

  public Announcer(
      SchedulerSource source,
      SchedulerSet schedulers,
      Supplier<HostInfo> host,
      SchedulerLine line,
      PieceStore store,
      Options options) {
    this.source = source;
    this.schedulers = schedulers;
    this.host = host;
    this.line = line;
    this.holdings = new Holdings(store, schedulers, line);
    this.withdrawals = new Withdrawals(store, schedulers, line);
    this.options = options;
  }

  public void start() {
    lock.lock();
    try {
      if (!closed && reader == null) {
        reader = Thread.ofVirtual().name("dynconfig").start(this::read);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the list of schedulers was read once, with whatever success. */
  public boolean awaitFirstRead(Duration patience) throws InterruptedException {
    return firstRead.await(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Makes sure that a scheduler knows this host, now; takes some seconds at most.
   *
   * @return whether it does
   */
  public boolean ensureAnnounced(InetSocketAddress scheduler) throws InterruptedException {
    Session session;
    lock.lock();
    try {
      session = sessions.get(scheduler);
    } finally {
      lock.unlock();
    }
    return session != null && session.ensureAnnounced();
  }

  /** The scheduler does not know this host any more, or its connection broke. */
  public void announceSoon(InetSocketAddress scheduler) {
    lock.lock();
    try {
      Session session = sessions.get(scheduler);
      if (session != null) {
        session.wake();
      }
    } finally {
      lock.unlock();
    }
  }

  private void read() {
    Duration pause = FIRST_RETRY;
    String lastFailure = "";
    try {
      while (true) {
        String failure = readOnce();
        firstRead.countDown();
        if (failure.isEmpty()) {
          pause = FIRST_RETRY;
          Thread.sleep(options.refresh());
        } else {
          if (!failure.equals(lastFailure)) {
            logger.warn(
                "event=schedulers_not_read source={} known={} reason=\"{}\"",
                source,
                schedulers.all().size(),
                failure);
          }
          Thread.sleep(pause.compareTo(options.refresh()) < 0 ? pause : options.refresh());
          pause = longer(pause);
        }
        lastFailure = failure;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Why it failed; empty when it did not. What is not foreseen must not end the reading. */
  private String readOnce() throws InterruptedException {
    try {
      update(source.read());
      return "";
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    } catch (RuntimeException e) {
      logger.error("event=schedulers_read_broken source={}", source, e);
      return e.toString();
    }
  }

  private static Duration longer(Duration pause) {
    Duration next = pause.multipliedBy(2);
    return next.compareTo(LAST_RETRY) < 0 ? next : LAST_RETRY;
  }

  private void update(List<InetSocketAddress> addresses) {
    List<InetSocketAddress> added = schedulers.replace(addresses);
    List<Session> gone = new ArrayList<>();
    lock.lock();
    try {
      if (closed) {
        return;
      }
      for (InetSocketAddress address : added) {
        sessions.computeIfAbsent(address, Session::new).start();
      }
      sessions
          .entrySet()
          .removeIf(entry -> {
            if (addresses.contains(entry.getKey())) {
              return false;
            }
            gone.add(entry.getValue());
            return true;
          });
    } finally {
      lock.unlock();
    }
    if (!added.isEmpty() || !gone.isEmpty()) {
      logger.info("event=schedulers_changed schedulers={}", addresses);
    }
    gone.forEach(Session::stop);
  }

  /** Stops announcing and says goodbye to every scheduler; takes three seconds at most. */
  @Override
  public void close() {
    List<Session> all;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      all = new ArrayList<>(sessions.values());
      sessions.clear();
      if (reader != null) {
        reader.interrupt();
      }
    } finally {
      lock.unlock();
    }
    withdrawals.close();
    all.forEach(Session::stop);
    List<Thread> farewells = new ArrayList<>();
    HostId id = host.get().id();
    for (Session session : all) {
      if (schedulers.isAnnounced(session.address)) {
        farewells.add(Thread.ofVirtual().name("farewell").start(() -> session.leave(id)));
      }
    }
    join(farewells);
  }

  private static void join(List<Thread> threads) {
    long deadline = System.nanoTime() + FAREWELL.toNanos();
    try {
      for (Thread thread : threads) {
        long left = deadline - System.nanoTime();
        if (left <= 0 || !thread.join(Duration.ofNanos(left))) {
          thread.interrupt();
        }
      }
    } catch (InterruptedException e) {
      threads.forEach(Thread::interrupt);
      Thread.currentThread().interrupt();
    }
  }

  /** What this host does for one scheduler. */
  private final class Session {
    private final InetSocketAddress address;
    private final Semaphore wakeUp = new Semaphore(0);
    // Held while an announcement is under way, so that many who need one share it.
    private final ReentrantLock announcing = new ReentrantLock();
    private volatile @Nullable Thread thread;
    // Set by the watch of the connection; taken back by the announcing thread only when it acts on
    // it, so that no loss goes unnoticed.
    private volatile boolean connectionLost;
    private final AtomicInteger attempts = new AtomicInteger();

    // While announcing: what was logged last, so that an outage is told once.
    @GuardedBy("announcing")
    private boolean reachable;

    @GuardedBy("announcing")
    private String lastFailure = "";

    Session(InetSocketAddress address) {
      this.address = address;
    }

    void start() {
      thread = Thread.ofVirtual().name("announcer").start(this::run);
    }

    void stop() {
      Thread running = thread;
      if (running != null) {
        running.interrupt();
      }
    }

    void wake() {
      wakeUp.release();
    }

    private void run() {
      Duration pause = FIRST_RETRY;
      AutoCloseable watch = () -> {};
      boolean holdingsKnown = false;
      try {
        while (true) {
          if (connectionLost) {
            connectionLost = false;
            holdingsKnown = false;
          }
          boolean fresh = !schedulers.isAnnounced(address);
          if (announceInTime()) {
            pause = FIRST_RETRY;
            if (schedulers.hasExtension(address) && (fresh || !holdingsKnown)) {
              close(watch);
              watch = line.watch(address, this::lost);
              holdingsKnown = holdings.tell(address, () -> connectionLost);
            }
            waitFor(options.announce());
          } else {
            holdingsKnown = false;
            waitFor(pause);
            pause = longer(pause);
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        close(watch);
      }
    }

    private void lost() {
      connectionLost = true;
      wake();
    }

    private void close(AutoCloseable watch) {
      try {
        watch.close();
      } catch (Exception e) {
        logger.debug("event=watch_not_closed scheduler={}", address, e);
      }
    }

    private void waitFor(Duration patience) throws InterruptedException {
      if (wakeUp.tryAcquire(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        wakeUp.drainPermits();
      }
    }

    boolean ensureAnnounced() throws InterruptedException {
      int before = attempts.get();
      if (!announcing.tryLock(LINK_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        return schedulers.isAnnounced(address);
      }
      try {
        // What another one found out meanwhile holds for all who waited for it.
        return schedulers.isAnnounced(address)
            || (attempts.get() == before && announce(LINK_PATIENCE));
      } finally {
        announcing.unlock();
      }
    }

    private boolean announceInTime() throws InterruptedException {
      announcing.lockInterruptibly();
      try {
        return announce(PATIENCE);
      } finally {
        announcing.unlock();
      }
    }

    @GuardedBy("announcing")
    private boolean announce(Duration patience) throws InterruptedException {
      try {
        boolean extension = line.announce(address, host.get(), options.announce(), patience);
        schedulers.announced(address, extension);
        if (!reachable) {
          reachable = true;
          lastFailure = "";
          logger.info("event=host_announced scheduler={} extension={}", address, extension);
        }
        return true;
      } catch (IOException e) {
        String failure = String.valueOf(e.getMessage());
        if (reachable || !failure.equals(lastFailure)) {
          logger.warn("event=host_not_announced scheduler={} reason=\"{}\"", address, failure);
        }
        reachable = false;
        lastFailure = failure;
        schedulers.failed(address);
        return false;
      } finally {
        attempts.incrementAndGet();
      }
    }

    private void leave(HostId id) {
      try {
        line.leave(address, id);
      } catch (IOException e) {
        logger.info("event=farewell_not_heard scheduler={} reason=\"{}\"", address, e.getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
