package io.dragonfly.scheduler.placement;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * A set with a uniform sample in time proportional to the sample. The order depends on the
 * additions, the removals and the generator alone, never on hash codes.
 */
public final class RandomSet<T> {
  private final List<T> items = new ArrayList<>();
  private final Map<T, Integer> places = new HashMap<>();

  /** True when the item was not in the set. */
  public boolean add(T item) {
    if (places.putIfAbsent(item, items.size()) != null) {
      return false;
    }
    items.add(item);
    return true;
  }

  /** True when the item was in the set. */
  public boolean remove(T item) {
    Integer place = places.remove(item);
    if (place == null) {
      return false;
    }
    T last = items.removeLast();
    if (place < items.size()) {
      items.set(place, last);
      places.put(last, place);
    }
    return true;
  }

  public boolean contains(T item) {
    return places.containsKey(item);
  }

  public boolean isEmpty() {
    return items.isEmpty();
  }

  public int size() {
    return items.size();
  }

  /** Up to {@code count} different items, uniformly chosen, in random order. */
  public List<T> sample(int count, RandomGenerator random) {
    int size = Math.min(count, items.size());
    for (int i = 0; i < size; i++) {
      swap(i, i + random.nextInt(items.size() - i));
    }
    return List.copyOf(items.subList(0, size));
  }

  private void swap(int a, int b) {
    if (a == b) {
      return;
    }
    T first = items.get(a);
    T second = items.get(b);
    items.set(a, second);
    items.set(b, first);
    places.put(second, a);
    places.put(first, b);
  }
}
