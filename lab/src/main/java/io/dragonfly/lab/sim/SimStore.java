package io.dragonfly.lab.sim;

import io.dragonfly.common.piece.PieceRoot;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** What a host's disk holds of one version. It outlives the daemon. */
final class SimStore {
  final SimContent content;
  final int version;
  final BitSet held = new BitSet();

  /** Held pieces that were compared with a root. */
  private final BitSet rooted = new BitSet();

  /** Held pieces that are in the machine's memory as well, for they were written since it runs. */
  private final BitSet inMemory = new BitSet();

  /** Verified bytes of pieces that were given up midway. */
  private final Map<Integer, Double> parts = new HashMap<>();

  SimStore(SimContent content, int version) {
    this.content = content;
    this.version = version;
  }

  void hold(int piece, boolean withRoot) {
    held.set(piece);
    rooted.set(piece, withRoot);
    inMemory.set(piece);
    parts.remove(piece);
  }

  boolean isInMemory(int piece) {
    return inMemory.get(piece);
  }

  /** The machine is off. */
  void powerOff() {
    inMemory.clear();
  }

  boolean isComplete() {
    return held.cardinality() == content.layout.pieceCount();
  }

  double part(int piece) {
    return parts.getOrDefault(piece, 0.0);
  }

  /** Keeps what is verified: whole blocks. */
  void keepPart(int piece, double bytes) {
    long block = content.layout.blockLength();
    double whole = Math.floor(bytes / block) * block;
    if (whole > 0 && !held.get(piece)) {
      parts.merge(piece, Math.min(whole, content.layout.length(piece) - 1.0), Math::max);
    }
  }

  Map<Integer, PieceRoot> roots() {
    Map<Integer, PieceRoot> roots = new TreeMap<>();
    rooted.stream().forEach(piece -> roots.put(piece, content.root(version, piece)));
    return roots;
  }
}
