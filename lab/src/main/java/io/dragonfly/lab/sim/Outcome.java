package io.dragonfly.lab.sim;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came of one simulation.
 *
 * @param seconds that each download took which ended well, in order
 * @param originBytes read by order of the scheduler
 * @param aloneBytes read at the origin by hosts that had no scheduler
 * @param endedAt virtual seconds
 * @param entries of the trace
 * @param steps of the deciding classes on the hosts
 */
record Outcome(
    List<Double> seconds,
    double originBytes,
    double aloneBytes,
    double endedAt,
    String hash,
    long entries,
    long steps,
    List<Fault> faults,
    @Nullable Violation violation) {

  /** The time within which that part of the downloads had ended. */
  double percentile(double part) {
    return seconds.isEmpty()
        ? Double.NaN
        : seconds.get(Math.min(seconds.size() - 1, (int) Math.ceil(part * seconds.size()) - 1));
  }
}
