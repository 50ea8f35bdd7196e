package io.dragonfly.lab.faults;

import java.util.List;

/**
 * How a case ended.
 *
 * @param seconds from the first request to the end of the last download that was begun before the
 *     fault
 * @param limitSeconds what that may take
 * @param originBytes that the origin sent
 * @param allowedBytes that it may send
 * @param flaws what is wrong, in words for the user; empty when all invariants hold
 */
record Verdict(
    String name,
    double seconds,
    long limitSeconds,
    long originBytes,
    long allowedBytes,
    List<String> flaws) {
  Verdict {
    flaws = List.copyOf(flaws);
  }

  boolean holds() {
    return flaws.isEmpty();
  }
}
