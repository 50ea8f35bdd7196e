package io.dragonfly.daemon.download;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * Decides which child of this host hears when of a piece of one task: a child asks for what it
 * hears of, so that this forms the trees along which pieces spread.
 *
 * <p>A piece that is whole is told to all, and only one that went bad and came back is told again.
 * Two things wait:
 *
 * <ul>
 *   <li>A piece that still comes in is told to as many children as can take it at the pace at which
 *       it comes: this host sends no more than {@value #SENT_FOR_EACH} pieces for each that it
 *       gets. The others hear of it as uploads end, and all when it is whole. Else whoever hears of
 *       a new piece first is asked by all at once, and its link holds up everybody behind it.
 *   <li>A seed that still reads the origin gives each new piece to one child, see {@link
 *       FirstCopies}.
 * </ul>
 *
 * <p>A plain state machine, as {@link TaskDownload} is: it is told what happens and the time in
 * nanoseconds, and returns what is to be told, in order. Not safe for threads.
 *
 * @param <C> a child; equal only to itself
 */
public final class PieceNews<C> {
  /** Pieces sent at a time for each that comes in. */
  static final int SENT_FOR_EACH = 2;

  /** The same, however few come in. */
  static final int LEAST_SENT = 4;

  /** A child that was told of a coming piece and has not asked for it by then will not. */
  static final long UNTAKEN = 150_000_000L;

  /**
   * What a child is to hear.
   *
   * @param whole whether the piece is here, or comes in
   */
  public record News<C>(C child, int piece, boolean whole) {}

  private final RandomGenerator random;
  private final FirstCopies<C> copies;

  /** Pieces that each child wants and was not told to be whole. */
  private final Map<C, BitSet> untold = new LinkedHashMap<>();

  private final BitSet held = new BitSet();
  private final BitSet coming = new BitSet();

  /** Children that are to hear of a coming piece, by the piece. */
  private final Map<Integer, Deque<C>> waiting = new TreeMap<>();

  /** How many were told of each of these. */
  private final Map<Integer, Integer> tellings = new TreeMap<>();

  /** When a telling that nobody followed is forgotten, for each. */
  private final Deque<Long> unanswered = new ArrayDeque<>();

  private int uploads;
  private List<News<C>> out = new ArrayList<>();

  /**
   * @param pieces of the content
   * @param seed whether this host reads the origin for others
   */
  public PieceNews(int pieces, boolean seed, RandomGenerator random) {
    this.random = random;
    this.copies = new FirstCopies<>(pieces, seed);
  }

  /**
   * A child follows the task.
   *
   * @param wanted pieces that it wants to hear of
   * @param here pieces that are whole here
   * @param begun pieces that come in here and may be had as they come
   */
  public List<News<C>> join(C child, BitSet wanted, BitSet here, BitSet begun, long now) {
    copies.join(child, here.cardinality(), now);
    here.stream().filter(piece -> !held.get(piece)).forEach(this::arrived);
    untold.put(child, (BitSet) wanted.clone());
    held.stream().filter(copies::isOpen).forEach(piece -> tellWhole(child, piece));
    begun.stream()
        .filter(piece -> !held.get(piece))
        .forEach(piece -> {
          coming.set(piece);
          waiting.computeIfAbsent(piece, _ -> new ArrayDeque<>()).add(child);
        });
    return told(now);
  }

  /** The child follows it no more. */
  public List<News<C>> leave(C child, long now) {
    untold.remove(child);
    copies.leave(child).forEach(this::tellAll);
    return told(now);
  }

  /** A piece is whole. */
  public List<News<C>> held(int piece, long now) {
    if (held.get(piece)) {
      // It had gone bad, and who was told in vain waits for it.
      untold.keySet().forEach(child -> out.add(new News<>(child, piece, true)));
    } else {
      arrived(piece);
    }
    return told(now);
  }

  private void arrived(int piece) {
    held.set(piece);
    forget(piece);
    if (!copies.keep(piece)) {
      tellAll(piece);
    }
  }

  /** A piece begins to come in, and may be had as it comes. */
  public List<News<C>> begun(int piece, long now) {
    if (!held.get(piece)) {
      coming.set(piece);
      List<C> children = new ArrayList<>(untold.keySet());
      children.removeIf(child -> !wants(child, piece));
      Collections.shuffle(children, random);
      waiting.put(piece, new ArrayDeque<>(children));
    }
    return told(now);
  }

  /** It comes no more, and is not whole. */
  public List<News<C>> stopped(int piece, long now) {
    forget(piece);
    return told(now);
  }

  private void forget(int piece) {
    coming.clear(piece);
    waiting.remove(piece);
    tellings.remove(piece);
  }

  /** A child has asked for the piece and begins to get it. */
  public List<News<C>> sending(int piece, long now) {
    uploads++;
    unanswered.poll();
    copies.sending(piece);
    return told(now);
  }

  /**
   * It gets no more of it.
   *
   * @param whole whether it got all that it asked for
   */
  public List<News<C>> sent(int piece, boolean whole, long now) {
    uploads = Math.max(0, uploads - 1);
    copies.sent(piece, whole, now).forEach(this::tellAll);
    return told(now);
  }

  /** Time has passed. */
  public List<News<C>> tick(long now) {
    return told(now);
  }

  /** When {@link #tick} should be called at the latest; {@link Long#MAX_VALUE} for never. */
  public long wakeAt() {
    Long unansweredUntil = waiting.isEmpty() ? null : unanswered.peek();
    long next = copies.wakeAt();
    return unansweredUntil == null ? next : Math.min(next, unansweredUntil);
  }

  private boolean wants(C child, int piece) {
    BitSet wanted = untold.get(child);
    return wanted != null && wanted.get(piece);
  }

  private void tellAll(int piece) {
    untold.keySet().forEach(child -> tellWhole(child, piece));
  }

  private void tellWhole(C child, int piece) {
    if (wants(child, piece)) {
      BitSet wanted = untold.get(child);
      if (wanted != null) {
        wanted.clear(piece);
      }
      out.add(new News<>(child, piece, true));
    }
  }

  /** All that is to be told now. */
  private List<News<C>> told(long now) {
    copies.due(now).forEach(this::tellAll);
    copies.give(untold, now).forEach(copy -> tellWhole(copy.child(), copy.piece()));
    spread(now);
    List<News<C>> all = out;
    out = new ArrayList<>();
    return all;
  }

  /** Tells of coming pieces, as far as there is room. */
  private void spread(long now) {
    while (!unanswered.isEmpty() && unanswered.peek() <= now) {
      unanswered.remove();
    }
    int most = Math.max(LEAST_SENT, SENT_FOR_EACH * coming.cardinality());
    while (uploads + unanswered.size() < most && !waiting.isEmpty()) {
      int piece = leastTold();
      Deque<C> children = waiting.getOrDefault(piece, new ArrayDeque<>());
      C child = children.poll();
      if (children.isEmpty()) {
        waiting.remove(piece);
      }
      if (child != null && wants(child, piece)) {
        tellings.merge(piece, 1, Integer::sum);
        unanswered.add(now + UNTAKEN);
        out.add(new News<>(child, piece, false));
      }
    }
  }

  private int leastTold() {
    int best = -1;
    int least = Integer.MAX_VALUE;
    for (int piece : waiting.keySet()) {
      int count = tellings.getOrDefault(piece, 0);
      if (count < least) {
        least = count;
        best = piece;
      }
    }
    return best;
  }
}
