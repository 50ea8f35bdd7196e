package io.dragonfly.lab.sim;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The virtual clock: what is planned for when, in nanoseconds from zero. What is planned for the
 * same moment happens in the order of planning.
 */
final class Timeline {
  static final long MILLI = 1_000_000L;
  static final long SECOND = 1_000 * MILLI;

  private long[] times = new long[1024];
  private long[] orders = new long[1024];
  private @Nullable Runnable[] plans = new Runnable[1024];
  private int size;
  private long now;
  private long order;

  /** Nanoseconds since the beginning. */
  long now() {
    return now;
  }

  /** How much has happened. */
  long happened() {
    return order - size;
  }

  void after(long nanos, Runnable plan) {
    at(now + nanos, plan);
  }

  void at(long time, Runnable plan) {
    if (size == times.length) {
      times = Arrays.copyOf(times, 2 * size);
      orders = Arrays.copyOf(orders, 2 * size);
      plans = Arrays.copyOf(plans, 2 * size);
    }
    order++;
    rise(size++, Math.max(time, now), order, plan);
  }

  /** Does what comes next; false when nothing is planned before that time. */
  boolean next(long end) {
    if (size == 0 || times[0] > end) {
      return false;
    }
    now = times[0];
    Runnable plan = plans[0];
    size--;
    long lastTime = times[size];
    long lastOrder = orders[size];
    Runnable last = plans[size];
    plans[size] = null;
    if (size > 0 && last != null) {
      sink(lastTime, lastOrder, last);
    }
    if (plan != null) {
      plan.run();
    }
    return true;
  }

  private void rise(int from, long time, long number, Runnable plan) {
    int place = from;
    while (place > 0) {
      int parent = (place - 1) >> 2;
      if (times[parent] <= time) {
        break; // the newest has the highest number
      }
      move(parent, place);
      place = parent;
    }
    put(place, time, number, plan);
  }

  private void sink(long time, long number, Runnable plan) {
    int place = 0;
    while (true) {
      int child = 4 * place + 1;
      if (child >= size) {
        break;
      }
      int least = child;
      int end = Math.min(child + 4, size);
      for (int other = child + 1; other < end; other++) {
        if (isBefore(times[other], orders[other], times[least], orders[least])) {
          least = other;
        }
      }
      if (!isBefore(times[least], orders[least], time, number)) {
        break;
      }
      move(least, place);
      place = least;
    }
    put(place, time, number, plan);
  }

  private static boolean isBefore(long time, long number, long otherTime, long otherNumber) {
    return time < otherTime || (time == otherTime && number < otherNumber);
  }

  private void move(int from, int to) {
    times[to] = times[from];
    orders[to] = orders[from];
    plans[to] = plans[from];
  }

  private void put(int place, long time, long number, Runnable plan) {
    times[place] = time;
    orders[place] = number;
    plans[place] = plan;
  }
}
