package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.piece.PieceRoot;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The block roots of one version of a task. The first value for a piece is handed out and stays: a
 * second, different one tells that somebody holds other bytes.
 */
final class RootTable {
  private final TreeMap<Integer, PieceRoot> roots = new TreeMap<>();
  private final TreeMap<Integer, PieceRoot> fresh = new TreeMap<>();

  /** False when another value was said before. */
  boolean put(int piece, PieceRoot root) {
    PieceRoot known = roots.putIfAbsent(piece, root);
    if (known == null) {
      fresh.put(piece, root);
      return true;
    }
    return known.equals(root);
  }

  boolean has(int piece) {
    return roots.containsKey(piece);
  }

  Optional<PieceRoot> find(int piece) {
    return Optional.ofNullable(roots.get(piece));
  }

  boolean hasFresh() {
    return !fresh.isEmpty();
  }

  /** What was not handed out yet. */
  SortedMap<Integer, PieceRoot> takeFresh() {
    SortedMap<Integer, PieceRoot> taken = new TreeMap<>(fresh);
    fresh.clear();
    return taken;
  }

  SortedMap<Integer, PieceRoot> all() {
    return Collections.unmodifiableSortedMap(new TreeMap<>(roots));
  }

  boolean isEmpty() {
    return roots.isEmpty();
  }

  void clear() {
    roots.clear();
    fresh.clear();
  }
}
