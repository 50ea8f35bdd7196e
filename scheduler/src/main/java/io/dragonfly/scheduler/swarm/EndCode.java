package io.dragonfly.scheduler.swarm;

/** How a peer's stream ends. */
public enum EndCode {
  OK,
  INVALID_ARGUMENT,
  NOT_FOUND,
  FAILED_PRECONDITION,
  RESOURCE_EXHAUSTED,
  ABORTED
}
