package io.dragonfly.daemon.download;

import io.dragonfly.daemon.link.ParentInfo;
import java.util.BitSet;

/** What this download knows of one parent. */
final class Parent {
  /** Requests in flight to begin with, and at most. */
  static final int FIRST_REQUESTS = 2;

  static final int MOST_REQUESTS = 4;

  /** Relayed pieces in flight at most: a host with many parents takes one of each. */
  static final int MOST_RELAYS = 1;

  /** Failures to answer after which it is left alone. */
  static final int MOST_FAILURES = 2;

  private static final double NEWEST_WEIGHT = 0.3;

  final ParentInfo info;

  /** Pieces it announced and did not deny. */
  final BitSet announced = new BitSet();

  /** Pieces that are on their way to it, which it passes on block by block. */
  final BitSet begun = new BitSet();

  /** Pieces it announced and then did not have. */
  final BitSet denied = new BitSet();

  /** The sync that tells what it holds, or 0. */
  int sync;

  int syncFailures;

  /** When to follow it (again). */
  long syncAt;

  boolean extension;
  String ip = "";
  int port;

  int running;
  int relaying;
  int allowed = FIRST_REQUESTS;
  int failures;
  long pausedUntil;

  private double bytesPerNano;

  Parent(ParentInfo info) {
    this.info = info;
    this.ip = info.ip();
  }

  /** Whether it may be asked for another piece that it has. */
  boolean isFree(long now) {
    return isFree(MOST_REQUESTS, now);
  }

  /** The same, with at most so many requests in flight. */
  boolean isFree(int most, long now) {
    return running < Math.min(allowed, most) && now >= pausedUntil && port > 0;
  }

  /** Whether it may be asked for another piece that it still gets. */
  boolean isFreeToRelay(long now) {
    return relaying < MOST_RELAYS && now >= pausedUntil && port > 0;
  }

  /** Whether it has the piece, or has begun to get it. */
  boolean offers(int piece) {
    return announced.get(piece) || begun.get(piece);
  }

  /** Its speed per request, or 0 while unknown. */
  double bytesPerNano() {
    return bytesPerNano;
  }

  void measured(long bytes, long nanos) {
    if (bytes <= 0) {
      return;
    }
    double now = bytes / (double) Math.max(1, nanos);
    bytesPerNano =
        bytesPerNano == 0 ? now : NEWEST_WEIGHT * now + (1 - NEWEST_WEIGHT) * bytesPerNano;
  }

  void delivered() {
    failures = 0;
    allowed = Math.min(MOST_REQUESTS, allowed + 1);
  }

  void slowed() {
    allowed = Math.max(1, allowed - 1);
  }

  ByteSource source() {
    return info.seed() ? ByteSource.SEED : ByteSource.PEER;
  }
}
