package io.dragonfly.scheduler.swarm;

/** How a peer's stream ends. */
public enum EndCode {
  OK,
  INVALID_ARGUMENT,
  NOT_FOUND,
  FAILED_PRECONDITION,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  ABORTED
}
