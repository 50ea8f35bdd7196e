package io.dragonfly.daemon.storage;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Pieces of a task that go to other hosts. */
final class Uploads {
  private final Listeners<StoreListener> listeners;
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicLong whole = new AtomicLong();

  Uploads(Listeners<StoreListener> listeners) {
    this.listeners = listeners;
  }

  int running() {
    return running.get();
  }

  /** Sent whole since the daemon started. */
  long whole() {
    return whole.get();
  }

  void started(int number) {
    running.incrementAndGet();
    listeners.tell(listener -> listener.uploadBegun(number));
  }

  void ended(int number, boolean isWhole) {
    running.decrementAndGet();
    if (isWhole) {
      whole.incrementAndGet();
    }
    listeners.tell(listener -> listener.uploadEnded(number, isWhole));
  }
}
