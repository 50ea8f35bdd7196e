package io.dragonfly.scheduler.swarm;

/** Where a task stands; the names are upstream's, as its programs show them. */
public enum TaskState {
  PENDING("Pending"),
  RUNNING("Running"),
  SUCCEEDED("Succeeded"),
  FAILED("Failed"),
  LEAVE("Leave");

  private final String wire;

  TaskState(String wire) {
    this.wire = wire;
  }

  /** As Task.state carries it. */
  public String wire() {
    return wire;
  }
}
