package io.dragonfly.lab.sim;

import io.dragonfly.daemon.download.Event;
import io.dragonfly.daemon.link.SwarmOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * A download's mailbox. What has arrived is taken together and in the order of its arrival: within
 * a grain of time after something that the download has to act on, or when the oldest news have
 * waited for some grains, but no longer than some 30 ms.
 */
final class Inbox {
  /** News of parents wait for so many grains, unless something else arrives. */
  private static final int NEWS = 5;

  /** Nothing waits longer: a swarm of hosts that wait is another one, and slower. */
  private static final long LONGEST = 30 * Timeline.MILLI;

  /** So coarse a grain is chosen for what it saves: then everything waits as long. */
  private static final long COARSEST = 100 * Timeline.MILLI;

  private final Timeline timeline;
  private final long patience;
  private final long patienceWithNews;
  private final Consumer<List<Event>> owner;

  /** By their arrival. */
  private List<Event> events = new ArrayList<>();

  private long[] arrivals = new long[16];
  private long wakeAt = Long.MAX_VALUE;

  Inbox(Timeline timeline, long grain, Consumer<List<Event>> owner) {
    this.timeline = timeline;
    long longest = grain < COARSEST ? LONGEST : Long.MAX_VALUE;
    this.patience = Math.min(grain, longest);
    this.patienceWithNews = Math.min(NEWS * grain, longest);
    this.owner = owner;
  }

  void post(Event event, long delay) {
    long arrival = timeline.now() + delay;
    int place = events.size();
    if (place == arrivals.length) {
      arrivals = Arrays.copyOf(arrivals, 2 * place);
    }
    while (place > 0 && arrivals[place - 1] > arrival) {
      arrivals[place] = arrivals[place - 1];
      place--;
    }
    arrivals[place] = arrival;
    events.add(place, event);
    wake(arrival + patience(event));
  }

  private long patience(Event event) {
    boolean news =
        event instanceof Event.ParentBegins
            || event instanceof Event.ParentPiece
            || event instanceof Event.FetchStarted
            || event instanceof Event.FetchProgress
            || event instanceof Event.OriginBytes
            || (event instanceof Event.LinkOrder order
                && order.order() instanceof SwarmOrder.Roots);
    return news ? patienceWithNews : patience;
  }

  private void wake(long time) {
    if (time < wakeAt) {
      wakeAt = time;
      timeline.at(time, () -> take(time));
    }
  }

  private void take(long planned) {
    if (planned != wakeAt) {
      return;
    }
    wakeAt = Long.MAX_VALUE;
    int count = 0;
    while (count < events.size() && arrivals[count] <= planned) {
      count++;
    }
    List<Event> arrived = events;
    events = new ArrayList<>(arrived.subList(count, arrived.size()));
    for (int i = 0; i < events.size(); i++) {
      arrivals[i] = arrivals[count + i];
      wake(arrivals[i] + patience(events.get(i)));
    }
    arrived.subList(count, arrived.size()).clear();
    owner.accept(arrived);
  }

  /** What has not been taken never will be. */
  void clear() {
    events = new ArrayList<>();
    wakeAt = Long.MAX_VALUE;
  }
}
