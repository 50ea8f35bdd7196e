package io.dragonfly.lab.upstream;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** What the other side did that an upstream program would not accept. */
public final class Violations {
  private final List<String> seen = new CopyOnWriteArrayList<>();

  void add(String text) {
    seen.add(text);
  }

  /** All so far, in order. */
  public List<String> all() {
    return List.copyOf(seen);
  }
}
