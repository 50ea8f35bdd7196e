package io.dragonfly.daemon.source;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How much origins may send ahead of their readers over HTTP/2: what a stream may begin with, and
 * how much all streams may have beyond that together. Safe for use by many threads.
 */
final class Http2Windows {
  /** Of each stream, in bytes. */
  static final int FIRST = 64 * 1024;

  /** Of one stream, in bytes: 80 MB/s at 100 ms. */
  private static final int MOST = 8 << 20;

  /** Of all streams together, in bytes beyond their first ones. */
  private static final long ALL = 64L << 20;

  private final AtomicLong left = new AtomicLong(ALL);

  /** Whether a stream may have twice its window from now on. */
  boolean grow(int window) {
    if (window * 2 > MOST) {
      return false;
    }
    if (left.addAndGet(-window) < 0) {
      left.addAndGet(window);
      return false;
    }
    return true;
  }

  /** A stream with this window is over. */
  void shrink(int window) {
    left.addAndGet(window - FIRST);
  }
}
