package io.dragonfly.lab.sim;

import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.lab.swarm.Bounds;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What is simulated. Rates are bytes per second in either direction, sizes bytes.
 *
 * @param hosts how many download
 * @param seeds how many seed peers there are beside
 * @param rackRate of the way out of and into each rack; infinite for none
 * @param staggerNanos each host begins so much later than the one before
 * @param rttNanos from one host to another and back; 0: as the racks say
 * @param grainNanos within which changes are taken together; 0: as the number of hosts says
 * @param tolerance so much of a change of a rate is none
 * @param faults how many things go wrong
 * @param kinds what can go wrong
 * @param only the numbers of the faults that happen; empty: all
 * @param plant a mistake made on purpose
 * @param seed of all chance
 */
record SimOptions(
    int hosts,
    int seeds,
    long size,
    long pieceLength,
    double rate,
    double seedRate,
    double originRate,
    double rackRate,
    int rackSize,
    long staggerNanos,
    long rttNanos,
    long grainNanos,
    double tolerance,
    int faults,
    Set<FaultKind> kinds,
    List<Integer> only,
    Plant plant,
    long seed) {
  static final int MOST_HOSTS = 200_000;
  private static final int CLOSELY = 100;
  private static final int LARGE = 1000;

  SimOptions {
    kinds = Set.copyOf(kinds);
    only = List.copyOf(only);
  }

  /** Small swarms are followed closely, of large ones what they cost allows. */
  @Override
  public long grainNanos() {
    if (grainNanos > 0) {
      return grainNanos;
    }
    return (hosts <= CLOSELY ? 1 : hosts <= LARGE ? 4 : 50) * Timeline.MILLI;
  }

  /** A small world in which all but the seed is left to chance. */
  static SimOptions random(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    long pieceLength = 1L << random.nextInt(18, 21);
    double rate = random.nextDouble(1e6, 12.5e6);
    return new SimOptions(
        random.nextInt(5, 41),
        random.nextInt(0, 3),
        random.nextLong(1, 40) * pieceLength - random.nextLong(pieceLength),
        pieceLength,
        rate,
        rate * random.nextDouble(0.5, 2),
        rate * random.nextDouble(0.5, 2),
        random.nextInt(4) == 0 ? 4 * rate : Double.POSITIVE_INFINITY,
        random.nextInt(2, 20),
        random.nextInt(3) == 0 ? random.nextLong(Timeline.SECOND / 2) : 0,
        0,
        2 * Timeline.MILLI,
        0.01,
        random.nextInt(0, 7),
        EnumSet.allOf(FaultKind.class),
        List.of(),
        Plant.NONE,
        seed);
  }

  /** What the links allow at best. */
  Bounds bounds() {
    return Bounds.of(
        hosts,
        (double) size,
        new PieceLayout(size, pieceLength).pieceCount(),
        originRate,
        seeds == 0 ? rate : seedRate,
        rate);
  }

  /** The same in pieces twice as long, and followed less closely: for some ten thousand hosts. */
  SimOptions coarse() {
    return inLongerPieces(2, 50 * Timeline.MILLI);
  }

  /** The same in pieces four times as long, for more hosts still. */
  SimOptions coarser() {
    return inLongerPieces(4, 100 * Timeline.MILLI);
  }

  private SimOptions inLongerPieces(int times, long grain) {
    return new SimOptions(
        hosts,
        seeds,
        size,
        times * pieceLength,
        rate,
        seedRate,
        originRate,
        rackRate,
        rackSize,
        staggerNanos,
        rttNanos,
        grain,
        tolerance,
        faults,
        kinds,
        only,
        plant,
        seed);
  }

  SimOptions withPlant(Plant planted) {
    return with(hosts, only, planted);
  }

  SimOptions withHosts(int count) {
    return with(count, only, plant);
  }

  SimOptions withOnly(List<Integer> numbers) {
    return with(hosts, numbers, plant);
  }

  private SimOptions with(int count, List<Integer> numbers, Plant planted) {
    return new SimOptions(
        count,
        seeds,
        size,
        pieceLength,
        rate,
        seedRate,
        originRate,
        rackRate,
        rackSize,
        staggerNanos,
        rttNanos,
        grainNanos,
        tolerance,
        faults,
        kinds,
        numbers,
        planted,
        seed);
  }
}
