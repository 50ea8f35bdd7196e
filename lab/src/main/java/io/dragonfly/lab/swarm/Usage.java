package io.dragonfly.lab.swarm;

import io.dragonfly.lab.process.Accounting;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * CPU time and peak memory of the programs that take part in a distribution, from the kernel's
 * accounting. What a program used between the last sample and its end is missed.
 */
final class Usage {
  private static final Duration REST_SAMPLE = Duration.ofSeconds(2);
  private static final Duration LONGEST_REST = Duration.ofMinutes(1);

  /** CPU-seconds of all programs in one such sample. */
  private static final double AT_REST = 0.3;

  private final Map<Long, Share> processes = new ConcurrentHashMap<>();

  private record Share(double before, double cpuSeconds, long peakBytes) {}

  /** Counts a program that runs already: what it used before {@link #begin} does not count. */
  void add(long pid) {
    processes.put(pid, new Share(0, 0, 0));
  }

  /** Waits, for a minute at most, until the programs do next to nothing. */
  void awaitRest() throws InterruptedException {
    long until = System.nanoTime() + LONGEST_REST.toNanos();
    do {
      begin();
      Thread.sleep(REST_SAMPLE);
      sample();
    } while (cpuSeconds() > AT_REST && System.nanoTime() - until < 0);
  }

  void begin() {
    processes.replaceAll((pid, _) -> begun(pid));
  }

  private static Share begun(long pid) {
    try {
      double seconds = Accounting.cpuSeconds(pid);
      return new Share(seconds, seconds, 0);
    } catch (IOException e) {
      return new Share(0, 0, 0);
    }
  }

  void sample() {
    processes.replaceAll(Usage::sampled);
  }

  private static Share sampled(long pid, Share process) {
    try {
      return new Share(
          process.before, Accounting.cpuSeconds(pid), Accounting.peakResidentBytes(pid));
    } catch (IOException e) {
      return process; // it has ended
    }
  }

  void end() {
    sample();
  }

  double cpuSeconds() {
    return processes.values().stream().mapToDouble(p -> p.cpuSeconds - p.before).sum();
  }

  long peakResidentBytes() {
    return processes.values().stream().mapToLong(Share::peakBytes).max().orElse(0);
  }
}
