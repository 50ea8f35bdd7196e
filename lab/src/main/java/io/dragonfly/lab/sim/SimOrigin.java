package io.dragonfly.lab.sim;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Where the content comes from: it may fail for a while, and change its version. */
final class SimOrigin {
  final Link link;
  private final Set<OriginTransfer> running = new LinkedHashSet<>();
  private int version;
  private int failing;
  private double ordered;
  private double unordered;

  SimOrigin(double bytesPerSecond) {
    this.link = new Link("origin up", bytesPerSecond);
  }

  int version() {
    return version;
  }

  boolean isFailing() {
    return failing > 0;
  }

  void begun(OriginTransfer transfer) {
    running.add(transfer);
  }

  void ended(OriginTransfer transfer) {
    if (running.remove(transfer)) {
      count(transfer);
    }
  }

  private void count(OriginTransfer transfer) {
    if (transfer.isOrdered()) {
      ordered += transfer.taken();
    } else {
      unordered += transfer.taken();
    }
  }

  int readers() {
    return running.size();
  }

  /** Bytes that were read by order of the scheduler. */
  double orderedBytes() {
    return ordered
        + running.stream()
            .filter(OriginTransfer::isOrdered)
            .mapToDouble(OriginTransfer::taken)
            .sum();
  }

  /** Bytes that were read by hosts without a scheduler. */
  double unorderedBytes() {
    return unordered
        + running.stream()
            .filter(transfer -> !transfer.isOrdered())
            .mapToDouble(OriginTransfer::taken)
            .sum();
  }

  double inFlight() {
    return running.stream().mapToDouble(OriginTransfer::inFlight).sum();
  }

  double inFlight(SimHost reader) {
    return running.stream()
        .filter(transfer -> transfer.host == reader)
        .mapToDouble(OriginTransfer::inFlight)
        .sum();
  }

  void fail(boolean fails) {
    failing += fails ? 1 : -1;
    if (fails) {
      List.copyOf(running).forEach(OriginTransfer::truncate);
    }
  }

  /** Answers under way go on with the old version, or are cut off. */
  void change(RandomGenerator random) {
    version++;
    for (OriginTransfer transfer : List.copyOf(running)) {
      if (random.nextBoolean()) {
        transfer.truncate();
      }
    }
  }

  void reconnect() {
    List.copyOf(running).forEach(OriginTransfer::reconnect);
  }
}
