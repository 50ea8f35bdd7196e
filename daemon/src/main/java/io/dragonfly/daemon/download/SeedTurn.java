package io.dragonfly.daemon.download;

import java.util.random.RandomGenerator;

/** How long a host waits before it asks a seed for what is new there: others may ask first. */
final class SeedTurn {
  private static final long SECOND = 1_000_000_000L;

  /** Content of so few pieces is not worth waiting for others. */
  private static final int FEW = 4;

  private static final long LONGEST_TURN = SECOND / 4;
  private static final double TURN_SHARE = 0.25;

  private final ParentBook book;
  private final RandomGenerator random;

  SeedTurn(ParentBook book, RandomGenerator random) {
    this.book = book;
    this.random = random;
  }

  /** Nanoseconds, chosen by chance, that are few beside the time that a piece takes. */
  long length(Parent seed, TaskContent content) {
    long peers = book.all().stream().filter(parent -> !parent.info.seed()).count();
    if (peers < 2 || content.layout().pieceCount() <= FEW) {
      return 0;
    }
    long longest = LONGEST_TURN;
    if (seed.bytesPerNano() > 0) {
      double piece = content.layout().length(0) / seed.bytesPerNano();
      longest = Math.clamp((long) (piece * TURN_SHARE), 1, LONGEST_TURN);
    }
    return random.nextLong(longest);
  }
}
