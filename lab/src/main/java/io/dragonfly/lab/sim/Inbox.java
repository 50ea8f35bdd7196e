package io.dragonfly.lab.sim;

import io.dragonfly.daemon.download.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A download's mailbox: what arrives within one grain of time is taken together. */
final class Inbox {
  private final Timeline timeline;
  private final long grain;
  private final Consumer<List<Event>> owner;
  private final List<Batch> batches = new ArrayList<>();
  private int clears;

  private static final class Batch {
    final long time;
    final List<Event> events = new ArrayList<>();

    Batch(long time) {
      this.time = time;
    }
  }

  Inbox(Timeline timeline, long grain, Consumer<List<Event>> owner) {
    this.timeline = timeline;
    this.grain = grain;
    this.owner = owner;
  }

  void post(Event event, long delay) {
    long time = Math.ceilDiv(timeline.now() + delay, grain) * grain;
    for (int i = batches.size() - 1; i >= 0; i--) {
      if (batches.get(i).time == time) {
        batches.get(i).events.add(event);
        return;
      }
    }
    Batch batch = new Batch(time);
    batch.events.add(event);
    batches.add(batch);
    int since = clears;
    timeline.at(
        time,
        () -> {
          if (clears == since && batches.remove(batch)) {
            owner.accept(batch.events);
          }
        });
  }

  /** What has not been taken never will be. */
  void clear() {
    batches.clear();
    clears++;
  }
}
