package io.dragonfly.daemon.download;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole downloads in simulated time; World checks what must never happen on the way. */
class TaskDownloadSimulationTest {
  private static final int SEEDS = 200;

  private static World.Plan plan(RandomGenerator random, double trouble, boolean lease) {
    long pieceLength = 1 << 20;
    long length = random.nextLong(1, 40 * pieceLength);
    return new World.Plan(
        length,
        pieceLength,
        random.nextInt(4) != 0,
        true,
        random.nextInt(4) != 0,
        true,
        lease,
        trouble,
        random.nextInt(1, 6));
  }

  private static World world(long seed, double trouble, boolean lease, double filled) {
    World world = new World(seed, plan(new SplittableRandom(seed), trouble, lease));
    world.fillParents(filled);
    return world;
  }

  private static void check(World world, long seed) {
    assertThat(world.isDone()).as("seed %s, plan %s, done", seed, world.plan).isTrue();
    assertThat(world.finished(1).summary().bytes().total())
        .as("seed %s, bytes by source", seed)
        .isEqualTo(world.plan.length());
    assertThat(world.ticks)
        .as("seed %s, plan %s, woken without an event", seed, world.plan)
        .isLessThan(500 + 20 * world.time() / World.SECOND);
  }

  @Test
  void everyDownloadFromGoodParentsEndsWithoutTheOrigin() {
    for (long seed = 0; seed < SEEDS; seed++) {
      World world = world(seed, 0, false, 1);
      world.attach(1, world.request());
      world.run(Duration.ofHours(1));
      check(world, seed);
      if (world.plan.ours()) {
        assertThat(world.looks).as("seed %s, looks at the origin", seed).isZero();
      }
      if (world.plan.length() > DownloadOptions.DEFAULTS.smallContent()) {
        assertThat(world.finished(1).summary().bytes().origin()).as("seed %s", seed).isZero();
      }
    }
  }

  @Test
  void aLeaseholderReadsOnlyWhatNoPeerHoldsAndThatOnce() {
    for (long seed = 0; seed < SEEDS; seed++) {
      World world = world(seed, 0, true, 0.3);
      world.attach(1, world.request());
      world.run(Duration.ofHours(1));
      check(world, seed);
      assertThat(world.originReads.values()).as("seed %s", seed).allMatch(times -> times == 1);
      if (world.plan.ours()) {
        long unheld = 0;
        for (int piece = 0; piece < world.layout.pieceCount(); piece++) {
          unheld += world.union().get(piece) ? 0 : world.layout.length(piece);
        }
        assertThat(world.finished(1).summary().bytes().origin())
            .as("seed %s", seed)
            .isEqualTo(unheld);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.2, 0.5, 1.0})
  void whateverGoesWrongTheDownloadEnds(double trouble) {
    for (long seed = 0; seed < SEEDS; seed++) {
      World world = world(seed, trouble, seed % 2 == 0, 0.6);
      world.attach(1, world.request());
      world.run(Duration.ofHours(2));
      check(world, seed);
    }
  }

  @Test
  void whoComesLaterSharesTheTransferAndIsAnsweredOnce() {
    for (long seed = 0; seed < SEEDS; seed++) {
      World world = world(seed, 0.3, seed % 2 == 0, 0.8);
      world.attach(1, world.request());
      for (long waiter = 2; waiter < 6; waiter++) {
        long id = waiter;
        world.after(
            world.random.nextLong(2 * World.SECOND),
            () -> {
              if (!world.isDone()) {
                world.attach(id, world.request());
              }
            });
      }
      world.run(Duration.ofHours(2));
      check(world, seed);
      for (long waiter : world.answers.keySet()) {
        assertThat(world.finished(waiter).summary().bytes().total()).isEqualTo(world.plan.length());
      }
    }
  }

  @Test
  void contentOfUnknownLengthIsStoredWhole() {
    for (long seed = 0; seed < 50; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      World world =
          new World(
              seed,
              new World.Plan(
                  random.nextLong(1, 9 << 20),
                  1 << 20,
                  random.nextBoolean(),
                  true,
                  false,
                  false,
                  true,
                  0.3,
                  0));
      world.attach(1, world.request());
      world.run(Duration.ofHours(1));
      check(world, seed);
    }
  }

  @Test
  void withoutASchedulerTheOriginIsRead() {
    for (long seed = 0; seed < 50; seed++) {
      World world = world(seed, 0.2, false, 1);
      world.schedulerDown = true;
      world.attach(1, world.request());
      world.run(Duration.ofMinutes(30));
      check(world, seed);
      assertThat(world.finished(1).summary().bytes().origin()).isEqualTo(world.plan.length());
    }
  }

  @Test
  void anOriginThatStaysDownIsAClearFailure() {
    for (long seed = 0; seed < 50; seed++) {
      World world = world(seed, 0, true, 0);
      world.originDown = true;
      world.attach(1, world.request());
      world.run(Duration.ofHours(1));
      assertThat(world.isDone()).as("seed %s", seed).isTrue();
      assertThat(world.failed(1).failure().code())
          .isEqualTo(DownloadException.Code.ORIGIN_UNAVAILABLE);
      assertThat(world.failed(1).failure()).hasMessageContaining("http://origin/file");
    }
  }

  @Test
  void whenTheLastCallerLeavesNothingGoesOn() {
    for (long seed = 0; seed < SEEDS; seed++) {
      World world = world(seed, 0.2, seed % 2 == 0, 0.5);
      world.attach(1, world.request());
      long at = world.random.nextLong(3 * World.SECOND);
      world.after(
          at,
          () -> {
            if (!world.isDone()) {
              world.give(
                  new Event.Detach(
                      1, new DownloadException(DownloadException.Code.CANCELLED, "gone")));
              assertThat(world.isDone()).isTrue();
            }
          });
      world.run(Duration.ofHours(1));
      assertThat(world.isDone()).as("seed %s", seed).isTrue();
    }
  }
}
