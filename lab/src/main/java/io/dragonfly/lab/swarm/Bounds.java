package io.dragonfly.lab.swarm;

/**
 * What the links allow, in seconds.
 *
 * <p>The fluid bound (Kumar and Ross, 2006) is T* = max(B/u_origin, B/u_seed, B/d_min, N·B/(u_seed
 * + Σu)): the content has to leave the origin, leave the seed, enter the slowest peer, and the
 * upload rates together have to carry N copies. The discrete bound counts that a unit has to be
 * whole before it is passed on: (1 + (1 + ⌊log2 N⌋)/M)·B/u, where M is the number of such units and
 * the first of these hops is the one from the origin to the seed.
 *
 * @param goodput what one TCP stream reached on a peer's link, in bytes per second
 * @param fluid T*
 * @param discrete the bound for content in units
 * @param units M
 * @param term the term of T* that is the largest
 */
public record Bounds(double goodput, double fluid, double discrete, int units, String term) {

  /**
   * @param goodput measured on a peer's link; the other links reach the same part of their rates
   */
  static Bounds of(SwarmOptions options, double goodput, int units) {
    double part = goodput / options.rate().bytesPerSecond();
    return of(
        options.peers(),
        (double) options.size(),
        units,
        options.originRate().bytesPerSecond() * part,
        options.seedRate().bytesPerSecond() * part,
        goodput);
  }

  /** The rates are bytes per second. */
  public static Bounds of(
      int peers, double size, int units, double origin, double seed, double goodput) {
    String[] terms = {
      "the origin's link", "the seed's link", "a peer's link", "all upload rates together"
    };
    double[] times = {
      size / origin, size / seed, size / goodput, peers * size / (seed + peers * goodput)
    };
    int largest = 0;
    for (int i = 1; i < times.length; i++) {
      // Of equal ones, the one nearest to the user is named.
      if (times[i] >= times[largest]) {
        largest = i;
      }
    }
    int hops = 1 + (31 - Integer.numberOfLeadingZeros(peers));
    double slowest = Math.max(times[0], Math.max(times[1], times[2]));
    return new Bounds(
        goodput, times[largest], (1 + (double) hops / units) * slowest, units, terms[largest]);
  }
}
