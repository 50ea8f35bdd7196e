package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MailboxTest {
  private static final Event NEWS = new Event.ParentBegins(1, 2, "127.0.0.1", 4);
  private static final Event COUNT = new Event.FetchProgress(1, 2);
  private static final Event OTHER = new Event.ParentEnded(1);
  private static final long FIVE_MILLISECONDS = 5_000_000;

  private final CountDownLatch timePasses = new CountDownLatch(1);
  private final ScheduledThreadPoolExecutor clock =
      new ScheduledThreadPoolExecutor(1, work -> new Thread(() -> workOnceTimePasses(work)));
  private final List<List<Event>> batches = new ArrayList<>();
  private long now;
  private final Mailbox mailbox = new Mailbox(Runnable::run, clock, () -> now, batches::add);

  private void workOnceTimePasses(Runnable work) {
    try {
      timePasses.await();
      work.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What is planned happens. */
  private void letTimePass() throws InterruptedException {
    timePasses.countDown();
    clock.shutdown();
    assertThat(clock.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
  }

  @AfterEach
  void stop() {
    clock.shutdownNow();
    timePasses.countDown();
  }

  @Test
  void whatComesAloneDoesNotWait() {
    mailbox.post(COUNT);
    now += 20 * FIVE_MILLISECONDS;
    mailbox.post(COUNT);
    now += FIVE_MILLISECONDS;
    mailbox.post(NEWS);

    assertThat(batches).containsExactly(List.of(COUNT), List.of(COUNT), List.of(NEWS));
  }

  @Test
  void newsAndCountsThatComeInCrowdsWaitForTheNextBatch() {
    mailbox.post(OTHER);
    now += FIVE_MILLISECONDS - 1;
    mailbox.post(NEWS);
    mailbox.post(COUNT);
    assertThat(batches).containsExactly(List.of(OTHER));

    mailbox.post(OTHER);

    assertThat(batches).containsExactly(List.of(OTHER), List.of(NEWS, COUNT, OTHER));
  }

  @Test
  void newsEndTheLongerPauseOfCounts() throws InterruptedException {
    mailbox.post(OTHER);
    mailbox.post(COUNT);
    now += FIVE_MILLISECONDS - 1;
    mailbox.post(NEWS);

    letTimePass();
    assertThat(batches).containsExactly(List.of(OTHER), List.of(COUNT, NEWS));
  }

  @Test
  void theTickThatComesFirstIsKept() throws InterruptedException {
    mailbox.wakeIn(1);
    mailbox.wakeIn(TimeUnit.HOURS.toNanos(1));

    letTimePass();
    assertThat(batches).containsExactly(List.of(new Event.Tick()));
  }

  @Test
  void onceClosedItGivesBackWhatWaits() {
    mailbox.post(OTHER);
    mailbox.post(COUNT);

    assertThat(mailbox.close()).containsExactly(COUNT);
    assertThat(mailbox.post(OTHER)).isFalse();
    assertThat(batches).containsExactly(List.of(OTHER));
  }
}
