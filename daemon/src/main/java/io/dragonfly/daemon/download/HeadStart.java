package io.dragonfly.daemon.download;

import io.dragonfly.daemon.link.DownloadRequest;

/**
 * How long a first read of the origin goes on alone where other hosts wait. They can have nothing
 * before its first piece is whole, and beside other reads that comes at a share of the link. Where
 * one connection is far from filling the link, the others join it soon.
 */
final class HeadStart {
  static final long NANOS = 500_000_000L;

  private long until;

  /** A read begins, and there is no other. */
  void begin(DownloadRequest request, TaskContent content, long now) {
    boolean first = content.isUnknown() || content.held().isEmpty();
    until = first && request.triggeredByScheduler() ? now + NANOS : 0;
  }

  /** Whether no other read should begin yet. */
  boolean lasts(TaskContent content, long now) {
    return now < until && content.held().isEmpty();
  }

  long wakeAt(long now) {
    return until > now ? until : Long.MAX_VALUE;
  }
}
