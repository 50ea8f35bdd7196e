package io.dragonfly.daemon.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A number of places, given away in the order in which they are wanted. Safe for many threads. */
final class Places {
  private final int all;

  @GuardedBy("this")
  private int free;

  @GuardedBy("this")
  private final Deque<CompletableFuture<@Nullable Void>> waiting = new ArrayDeque<>();

  Places(int number) {
    all = number;
    free = number;
  }

  /** Completes when there is a place, which is to be left later; cancelled, it takes none. */
  synchronized CompletableFuture<@Nullable Void> enter() {
    CompletableFuture<@Nullable Void> place = new CompletableFuture<>();
    if (free > 0) {
      free--;
      place.complete(null);
    } else {
      waiting.removeIf(CompletableFuture::isDone);
      waiting.add(place);
    }
    return place;
  }

  synchronized void leave() {
    for (CompletableFuture<@Nullable Void> next = waiting.poll();
        next != null;
        next = waiting.poll()) {
      if (next.complete(null)) {
        return;
      }
    }
    free++;
  }

  synchronized boolean isEmpty() {
    return free == all;
  }
}
