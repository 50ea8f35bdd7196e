package io.dragonfly.lab.sim;

import io.dragonfly.scheduler.swarm.SwarmSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One simulation from its beginning to its end. */
final class Simulation {
  /** After the last download is over, all that it leaves must go within so long. */
  private static final long QUIET = 200 * Timeline.SECOND;

  private static final long STEP = Timeline.SECOND;
  private static final long LONGEST = 3600 * Timeline.SECOND;

  private final World world;
  private final Users users;
  private final List<Fault> faults;

  Simulation(SimOptions options, Consumer<String> notices) {
    this.world = new World(options, SwarmSettings.defaults());
    this.users = new Users(world);
    this.faults = Fault.draw(options, 1.5 * options.size() / options.rate() + 1);
    world.watch.users(users);
    world.watch.notices(
        text -> notices.accept(world.timeline.now() / Timeline.MILLI + " ms: " + text));
  }

  /** Tells once a virtual second what of the links is used, and where the rest is lost. */
  Simulation tellLinkUse(Consumer<String> out) {
    new LinkUse(world, out).begin();
    return this;
  }

  Outcome run() {
    users.plan();
    new Faults(world, users, faults).plan();
    Violation violation = null;
    try {
      go();
    } catch (Violation e) {
      violation = e;
    }
    return outcome(violation);
  }

  private void go() {
    long lastFault =
        faults.stream()
            .mapToLong(fault -> fault.isForGood() ? fault.at() : fault.at() + fault.nanos())
            .max()
            .orElse(0);
    while (!users.areServed() || world.timeline.now() < lastFault) {
      if (!world.timeline.next(LONGEST)) {
        throw new Violation(
            "a download does not end in time", world.timeline.now(), "after an hour");
      }
    }
    long end = world.timeline.now() + QUIET;
    String left = world.watch.leftovers();
    while (!left.isEmpty() && world.timeline.now() < end) {
      long until = world.timeline.now() + STEP;
      while (world.timeline.next(until)) {
        // Goes on.
      }
      left = world.watch.leftovers();
    }
    world.watch.ended(left);
  }

  private Outcome outcome(@Nullable Violation violation) {
    return new Outcome(
        users.seconds(),
        world.origin.orderedBytes(),
        world.origin.unorderedBytes(),
        world.timeline.now() / (double) Timeline.SECOND,
        world.trace.hash(),
        world.trace.entries(),
        world.hosts.stream().mapToLong(SimHost::steps).sum(),
        faults,
        violation);
  }

  /** The fewest of the faults that still lead to the same violation; tries each once. */
  static List<Integer> fewest(SimOptions options, Violation violation) {
    List<Integer> numbers = new ArrayList<>();
    Fault.draw(options, 1).forEach(fault -> numbers.add(fault.number()));
    for (Integer number : List.copyOf(numbers)) {
      if (numbers.size() == 1) {
        break;
      }
      List<Integer> fewer = new ArrayList<>(numbers);
      fewer.removeIf(number::equals);
      Violation again = new Simulation(options.withOnly(fewer), text -> {}).run().violation();
      if (again != null && again.rule().equals(violation.rule())) {
        numbers.removeIf(number::equals);
      }
    }
    return numbers;
  }
}
