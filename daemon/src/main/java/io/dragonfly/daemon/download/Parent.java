package io.dragonfly.daemon.download;

import io.dragonfly.daemon.link.ParentInfo;
import java.util.BitSet;

/** What this download knows of one parent. */
final class Parent {
  /** Requests in flight to begin with, and at most where an answer comes at once. */
  static final int FIRST_REQUESTS = 2;

  static final int MOST_REQUESTS = 4;

  /** And at most however far away it is. */
  private static final int MOST_FAR_REQUESTS = 16;

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

  /** The shortest wait for the first bytes so far: what lies between is not the parent's work. */
  private long roundTrip = Long.MAX_VALUE;

  private int window = MOST_REQUESTS;

  Parent(ParentInfo info) {
    this.info = info;
    this.ip = info.ip();
  }

  /** Whether it may be asked for another piece that it has. */
  boolean isFree(long now) {
    return isFree(window, now);
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

  /**
   * It sent the first bytes of a piece so long after they were asked for. What it sends in a round
   * trip is under way and cannot be asked for again: so many more requests fill the way to it.
   */
  void answered(long waitNanos, long pieceLength) {
    if (waitNanos > 0) {
      roundTrip = Math.min(roundTrip, waitNanos);
      double ahead = bytesPerNano * (running + 1) * roundTrip / pieceLength;
      window = (int) Math.min(MOST_FAR_REQUESTS, MOST_REQUESTS + ahead);
    }
  }

  /** Requests in flight at most, where it is one of few parents. */
  int window() {
    return window;
  }

  void delivered() {
    failures = 0;
    allowed = Math.min(window, allowed + 1);
  }

  void slowed() {
    allowed = Math.max(1, allowed - 1);
  }

  ByteSource source() {
    return info.seed() ? ByteSource.SEED : ByteSource.PEER;
  }
}
