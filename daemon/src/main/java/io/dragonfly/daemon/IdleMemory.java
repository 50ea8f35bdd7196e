package io.dragonfly.daemon;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryManagerMXBean;
import java.time.Duration;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives memory back that only work needs, once it is over: the buffers of pieces, and what the heap
 * has grown by. The serial collector, which the launcher chooses, collects when the heap is full,
 * and a daemon at rest never fills it: so it is told to, once, in a time without downloads and
 * uploads. Not thread-safe: looks come from one thread.
 */
final class IdleMemory {
  private static final Logger logger = LoggerFactory.getLogger(IdleMemory.class);
  private static final Duration QUIET = Duration.ofSeconds(15);

  /** What the serial collector calls its part that collects the whole heap. */
  private static final String SERIAL = "MarkSweepCompact";

  /**
   * What a daemon works at.
   *
   * @param busy whether anything is under way
   * @param done a count that grows with what was done; never less than before
   */
  record Work(boolean busy, long done) {}

  private final Supplier<Work> work;
  private final Runnable giveBack;
  private final QuietTime quiet = new QuietTime(QUIET);

  /**
   * Watches over a daemon.
   *
   * @param giveBack called once in each time of rest; short, and must not throw
   */
  IdleMemory(Supplier<Work> work, Runnable giveBack) {
    this.work = work;
    this.giveBack = giveBack;
  }

  /**
   * Whether the heap waits to be told. Other collectors shrink it by themselves or as their own
   * options say, and for some of them being told means a long pause.
   */
  static boolean isNeeded() {
    return ManagementFactory.getGarbageCollectorMXBeans().stream()
        .map(MemoryManagerMXBean::getName)
        .anyMatch(SERIAL::equals);
  }

  /**
   * To be called every few seconds.
   *
   * @param now nanoseconds of one clock
   */
  void look(long now) {
    Work seen = work.get();
    if (quiet.isReached(seen.busy(), seen.done(), now)) {
      giveBack.run();
      logger.debug("event=memory_given_back");
    }
  }
}
