package io.dragonfly.daemon.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.daemon.storage.GcPolicy;
import io.dragonfly.daemon.storage.PieceStore;
import io.dragonfly.daemon.storage.StoreOptions;
import io.dragonfly.daemon.storage.StoredTask;
import io.dragonfly.daemon.storage.TaskKey;
import io.dragonfly.daemon.storage.TestContent;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class AnnouncerTest {
  private static final InetSocketAddress SCHEDULER =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 8002);

  @TempDir Path dir;

  private static void store(PieceStore store, TestContent content, String id) throws IOException {
    StoredTask task =
        store.create(TestContent.key(id.repeat(64)), TestContent.ORIGIN, content.info());
    for (int i = 0; i < content.layout().pieceCount(); i++) {
      var _ = content.store(task, i);
    }
  }

  private HostProbe probe() {
    HostProbe.Identity identity =
        new HostProbe.Identity(
            new HostId("host"),
            0,
            "host",
            "127.0.0.1",
            Optional.empty(),
            Optional.empty(),
            0,
            false,
            "dev");
    return new HostProbe(identity, dir, new NetworkSampler("127.0.0.1", () -> 1 << 30), () -> 1);
  }

  /** That announces at once, and then not again. */
  private Announcer announcer(SchedulerSet schedulers, SchedulerLine line, PieceStore store) {
    return new Announcer(
        new OneScheduler(),
        schedulers,
        probe()::look,
        line,
        store,
        new Announcer.Options(Duration.ofHours(1), Duration.ofHours(1)));
  }

  private static final class OneScheduler implements SchedulerSource {
    @Override
    public List<InetSocketAddress> read() {
      return List.of(SCHEDULER);
    }

    @Override
    public String toString() {
      return "one";
    }
  }

  /** A scheduler that notes what it is told. */
  private static final class AttentiveScheduler implements SchedulerLine {
    final List<String> heard = new CopyOnWriteArrayList<>();

    @Override
    public boolean announce(
        InetSocketAddress scheduler, HostInfo host, Duration interval, Duration patience) {
      return true;
    }

    @Override
    public void leave(InetSocketAddress scheduler, HostId host) {}

    @Override
    public int hold(
        InetSocketAddress scheduler,
        Iterator<StoredTask> tasks,
        BiConsumer<TaskKey, String> refused) {
      int before = heard.size();
      tasks.forEachRemaining(task -> heard.add("hold " + task.key().id().value().charAt(0)));
      return heard.size() - before;
    }

    @Override
    public void withdraw(InetSocketAddress scheduler, TaskId task) {
      heard.add("withdraw " + task.value().charAt(0));
    }

    @Override
    public AutoCloseable watch(InetSocketAddress scheduler, Runnable lost) {
      return () -> {};
    }
  }

  @Test
  @Timeout(60)
  void whatWasUsedLastIsToldFirstAndWhatLeavesTheStoreIsWithdrawn() throws Exception {
    TestContent content = TestContent.of(1000, 1000);
    AttentiveScheduler scheduler = new AttentiveScheduler();
    SchedulerSet schedulers = new SchedulerSet(Duration.ofSeconds(1), System::nanoTime);
    AtomicLong hours = new AtomicLong();
    InstantSource clock = () -> Instant.EPOCH.plus(Duration.ofHours(hours.get()));
    try (PieceStore store = PieceStore.open(dir.resolve("store"), StoreOptions.defaults(), clock);
        Announcer announcer = announcer(schedulers, scheduler, store)) {
      for (String id : List.of("a", "b", "c")) {
        store(store, content, id);
        hours.addAndGet(24);
      }
      announcer.start();
      await().until(() -> scheduler.heard.size() == 3);
      assertThat(scheduler.heard).containsExactly("hold c", "hold b", "hold a");

      GcPolicy policy = GcPolicy.defaults();
      hours.set(policy.taskTtl().toHours() + 1);
      assertThat(store.collect(policy, clock.instant()).expired()).hasSize(1);
      await().until(() -> scheduler.heard.contains("withdraw a"));
      store.delete(TestContent.key("c".repeat(64)));
      await().until(() -> scheduler.heard.contains("withdraw c"));
      assertThat(scheduler.heard).doesNotContain("withdraw b");
    }
  }

  /** A scheduler that stands still until it is released. */
  private static final class FrozenScheduler implements SchedulerLine {
    final CountDownLatch asked = new CountDownLatch(1);
    final CountDownLatch released = new CountDownLatch(1);
    final AtomicInteger announcements = new AtomicInteger();

    @Override
    public boolean announce(
        InetSocketAddress scheduler, HostInfo host, Duration interval, Duration patience)
        throws IOException, InterruptedException {
      announcements.incrementAndGet();
      asked.countDown();
      if (!released.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException("it does not answer");
      }
      return false;
    }

    @Override
    public void leave(InetSocketAddress scheduler, HostId host) {}

    @Override
    public int hold(
        InetSocketAddress scheduler,
        Iterator<StoredTask> tasks,
        BiConsumer<TaskKey, String> refused) {
      return 0;
    }

    @Override
    public void withdraw(InetSocketAddress scheduler, TaskId task) {}

    @Override
    public AutoCloseable watch(InetSocketAddress scheduler, Runnable lost) {
      return () -> {};
    }
  }

  @Test
  @Timeout(60)
  void downloadsDoNotQueueForASchedulerThatStandsStill() throws Exception {
    FrozenScheduler scheduler = new FrozenScheduler();
    SchedulerSet schedulers = new SchedulerSet(Duration.ofSeconds(1), System::nanoTime);
    try (PieceStore store =
            PieceStore.open(dir.resolve("store"), StoreOptions.defaults(), Clock.systemUTC());
        Announcer announcer = announcer(schedulers, scheduler, store);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      announcer.start();
      assertThat(scheduler.asked.await(30, TimeUnit.SECONDS)).isTrue();
      List<Future<Boolean>> downloads = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        downloads.add(threads.submit(() -> announcer.ensureAnnounced(SCHEDULER)));
      }
      // One after the other they would take minutes.
      for (Future<Boolean> download : downloads) {
        assertThat(download.get(30, TimeUnit.SECONDS)).isFalse();
      }
      assertThat(scheduler.announcements.get()).isLessThan(5);

      scheduler.released.countDown();
      await().atMost(Duration.ofSeconds(30)).until(() -> announcer.ensureAnnounced(SCHEDULER));
    }
  }
}
