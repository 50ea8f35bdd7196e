package io.dragonfly.scheduler.swarm;

/** Why a child did not get a piece from a parent. CORRUPT: the bytes did not match. */
public enum FailureReason {
  UNREACHABLE,
  STALLED,
  MISSING,
  CORRUPT
}
