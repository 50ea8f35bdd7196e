package io.dragonfly.daemon.download;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Pieces that a seed has just read at the origin, each of which one child gets first: while the
 * origin is read, the seed's link carries little more than the content once, so each piece that it
 * sends twice holds up all. The others get the piece of that child, block by block.
 *
 * <p>A piece opens to all some time after it was sent, sooner where it is not taken or takes too
 * long, and at once when its child goes away. All are open where there are few children, and once
 * the seed has everything and has sent it once.
 */
final class FirstCopies<C> {
  /** So few children are all told at once: one piece for each does not fill a link. */
  static final int FEW = 4;

  private static final long SECOND = 1_000_000_000L;

  /** The first children come one after the other within so long. */
  static final long GATHERING = SECOND / 10;

  /** A child that has not asked for its piece by then does not get it first. */
  static final long NOT_TAKEN = SECOND;

  /** Nor does one that does not have all of it so long after it was told. */
  static final long NOT_SENT = 10 * SECOND;

  /** Or so many times what the last one took, where that is longer. */
  private static final int SLOWER = 3;

  private static final int MOST_LOOKED_AT = 64;

  /** So long after it was sent a piece opens to all. */
  static final long AFTERWARDS = 3 * SECOND;

  /** A piece that this child gets first. */
  record Copy<C>(C child, int piece) {}

  /** Whose piece it is, and when it opens if nothing else happens. */
  private record Given<C>(Optional<C> child, long at, long openAt) {}

  private final int pieces;
  private boolean on;

  /** Whether each child still gets a piece; those that got one the longest ago come first. */
  private final Map<C, Boolean> busy = new LinkedHashMap<>();

  /** Pieces of which nobody has been told. */
  private final BitSet fresh = new BitSet();

  /** Those that were given to one child; to none any more where it has it all. */
  private final Map<Integer, Given<C>> given = new LinkedHashMap<>();

  private final BitSet seen = new BitSet();
  private long lastTook;
  private long gatheredAt;

  /**
   * @param pieces of the content
   * @param on whether this host gives first copies at all
   */
  FirstCopies(int pieces, boolean on) {
    this.pieces = pieces;
    this.on = on && pieces > FEW;
  }

  /**
   * A child comes.
   *
   * @param here how many pieces are here
   */
  void join(C child, int here, long now) {
    if (busy.isEmpty()) {
      on &= here < pieces;
      gatheredAt = now + GATHERING;
    }
    busy.put(child, false);
  }

  /** The child goes away; returns the pieces that open. */
  List<Integer> leave(C child) {
    busy.remove(child);
    List<Integer> opened = new ArrayList<>();
    given.forEach((piece, to) -> {
      if (to.child.filter(child::equals).isPresent()) {
        opened.add(piece);
      }
    });
    given.keySet().removeAll(opened);
    return opened;
  }

  /** Whether everybody may hear of the piece. */
  boolean isOpen(int piece) {
    return !given.containsKey(piece) && !fresh.get(piece);
  }

  /** A piece is here; returns whether it is kept for one child to get first. */
  boolean keep(int piece) {
    seen.set(piece);
    if (on) {
      fresh.set(piece);
    }
    return on;
  }

  /**
   * Gives kept pieces to children that get none now.
   *
   * @param untold what each child wants
   */
  List<Copy<C>> give(Map<C, BitSet> untold, long now) {
    List<Copy<C>> copies = new ArrayList<>();
    int looked = 0;
    for (int piece = fresh.nextSetBit(0);
        piece >= 0 && looked < MOST_LOOKED_AT && busy.containsValue(false);
        piece = fresh.nextSetBit(piece + 1)) {
      looked++;
      Optional<C> child = idle(piece, untold);
      if (child.isPresent()) {
        fresh.clear(piece);
        given.put(piece, new Given<>(child, now, now + NOT_TAKEN));
        busy.remove(child.get());
        busy.put(child.get(), true);
        copies.add(new Copy<>(child.get(), piece));
      }
    }
    return copies;
  }

  /** A child that wants the piece and gets none now. */
  private Optional<C> idle(int piece, Map<C, BitSet> untold) {
    return busy.keySet().stream()
        .filter(child -> Boolean.FALSE.equals(busy.get(child)))
        .filter(child -> untold.getOrDefault(child, new BitSet()).get(piece))
        .findFirst();
  }

  /** Somebody begins to get the piece. */
  void sending(int piece) {
    given.computeIfPresent(
        piece,
        (_, to) ->
            to.child.isEmpty()
                ? to
                : new Given<>(to.child, to.at, to.at + Math.max(NOT_SENT, SLOWER * lastTook)));
  }

  /** Somebody gets no more of the piece; returns the pieces that open. */
  List<Integer> sent(int piece, boolean whole, long now) {
    Given<C> to = given.get(piece);
    if (to == null || to.child.isEmpty()) {
      return List.of();
    }
    free(to);
    if (whole) {
      lastTook = now - to.at;
    }
    given.put(piece, new Given<>(Optional.empty(), to.at, whole ? now + AFTERWARDS : now));
    return due(now);
  }

  private void free(Given<C> to) {
    to.child.ifPresent(child -> busy.replace(child, false));
  }

  /** Returns the pieces that open by now. */
  List<Integer> due(long now) {
    List<Integer> opened = new ArrayList<>();
    boolean over = seen.cardinality() >= pieces && fresh.isEmpty() && allSent();
    if (over) {
      on = false;
    }
    given.forEach((piece, to) -> {
      if (over || to.openAt <= now) {
        opened.add(piece);
        free(to);
      }
    });
    given.keySet().removeAll(opened);
    if (busy.size() <= FEW && now >= gatheredAt) {
      fresh.stream().forEach(opened::add);
      fresh.clear();
    }
    return opened;
  }

  private boolean allSent() {
    return given.values().stream().noneMatch(to -> to.child.isPresent());
  }

  /** When the next piece opens; {@link Long#MAX_VALUE} for never. */
  long wakeAt() {
    long next = fresh.isEmpty() || busy.size() > FEW ? Long.MAX_VALUE : gatheredAt;
    for (Given<C> to : given.values()) {
      next = Math.min(next, to.openAt);
    }
    return next;
  }
}
