package io.dragonfly.daemon.download;

import java.util.function.LongConsumer;

/** Gathers byte counts, so that they are told some times a second. One thread. */
final class Progress {
  private static final long EVERY = 50_000_000L;

  private final Workshop workshop;
  private final LongConsumer target;
  private long gathered;
  private long toldAt = Long.MIN_VALUE;

  Progress(Workshop workshop, LongConsumer target) {
    this.workshop = workshop;
    this.target = target;
  }

  void add(long bytes) {
    gathered += bytes;
    long now = workshop.now();
    if (toldAt == Long.MIN_VALUE || now - toldAt >= EVERY) {
      toldAt = now;
      flush();
    }
  }

  void flush() {
    if (gathered > 0) {
      target.accept(gathered);
      gathered = 0;
    }
  }
}
