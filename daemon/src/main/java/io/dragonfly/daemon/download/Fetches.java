package io.dragonfly.daemon.download;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;

/**
 * Pieces that are asked of parents now: who is asked for what, and for how long.
 *
 * <p>One parent is asked for a piece at a time, for its bytes go to one place. Where a transfer
 * takes several times as long as measured speeds promise and another parent could do better, it is
 * taken away and given to that parent; verified blocks are kept, so little is sent twice. The same
 * is done at the end of a download, when parents are idle while a slow one still sends: each piece
 * changes hands once for that reason.
 */
final class Fetches {
  private static final long SECOND = 1_000_000_000L;

  /** Deadline of a transfer where no speed was measured yet. */
  private static final long UNMEASURED = 10 * SECOND;

  private static final long SHORTEST_DEADLINE = 2 * SECOND;
  private static final int DEADLINE_FACTOR = 4;
  private static final double WORTH_A_CHANGE = 2;
  private static final long COST_OF_A_CHANGE = SECOND / 2;
  private static final long PAUSE_AFTER_FAILURE = SECOND / 2;

  /** What a relayed piece is expected to come at, beside one that its parent has. */
  private static final double RELAY_SHARE = 0.5;

  private final ParentBook book;
  private final PiecePicker picker;
  private final RandomGenerator random;
  private final int most;
  private final Map<Long, Fetch> running = new LinkedHashMap<>();
  private final BitSet claimed = new BitSet();
  private final BitSet handedOver = new BitSet();
  private long lastId;

  Fetches(ParentBook book, PiecePicker picker, RandomGenerator random, int most) {
    this.book = book;
    this.picker = picker;
    this.random = random;
    this.most = most;
  }

  /** One piece on its way from one parent. */
  static final class Fetch {
    final long id;
    final Parent parent;
    final int piece;
    final long length;

    /** Whether the parent still gets the piece itself: then its source sets the pace. */
    final boolean relayed;

    long bytes;
    long startedAt = Long.MAX_VALUE;
    long deadline = Long.MAX_VALUE;
    boolean aborted;

    Fetch(long id, Parent parent, int piece, long length) {
      this.id = id;
      this.parent = parent;
      this.piece = piece;
      this.length = length;
      this.relayed = !parent.announced.get(piece);
    }

    boolean isUnderWay() {
      return !aborted && startedAt != Long.MAX_VALUE;
    }

    /** Time that the rest takes at the speed so far. */
    double rest(long now) {
      double speed = bytes / (double) Math.max(1, now - startedAt);
      return speed <= 0 ? Double.MAX_VALUE : (length - bytes) / speed;
    }
  }

  /** Pieces being fetched, whether they are still wanted or not. */
  BitSet claimed() {
    return claimed;
  }

  Iterable<Fetch> running() {
    return running.values();
  }

  boolean isEmpty() {
    return running.isEmpty();
  }

  /** Asks parents for as many of the free pieces as may be asked for now. */
  void begin(BitSet free, int[] readers, TaskContent content, long now, List<Action> out) {
    BitSet left = (BitSet) free.clone();
    left.andNot(claimed);
    content.keepAcceptable(left);
    while (running.size() < most) {
      BitSet candidates = new BitSet();
      BitSet relays = new BitSet();
      for (Parent parent : book.all()) {
        if (parent.isFree(now)) {
          candidates.or(parent.announced);
          relays.or(parent.begun);
        }
      }
      // Blocks are passed on only where a root says that they are right.
      content.keepRooted(relays);
      candidates.or(relays);
      candidates.and(left);
      OptionalInt piece = picker.pick(candidates, readers, book.holders());
      if (piece.isEmpty()) {
        break;
      }
      left.clear(piece.getAsInt());
      Parent parent = bestParent(piece.getAsInt(), content.isRooted(piece.getAsInt()), now);
      start(parent, piece.getAsInt(), content, out);
    }
    if (left.isEmpty() && running.size() < most) {
      handOver(now, out);
    }
  }

  private void start(Parent parent, int piece, TaskContent content, List<Action> out) {
    Fetch fetch = new Fetch(++lastId, parent, piece, content.layout().length(piece));
    running.put(fetch.id, fetch);
    claimed.set(piece);
    parent.running++;
    out.add(
        new Action.Fetch(
            fetch.id,
            piece,
            parent.info,
            parent.ip,
            parent.port,
            parent.extension,
            content.root(piece)));
  }

  /** The parent that should be done first; one that was never measured is given its chance. */
  private Parent bestParent(int piece, boolean rooted, long now) {
    double typical = typicalSpeed();
    Parent best = null;
    double bestShare = -1;
    int equals = 0;
    for (Parent parent : book.all()) {
      boolean holds = parent.announced.get(piece);
      if (!parent.isFree(now) || !(holds || (rooted && parent.begun.get(piece)))) {
        continue;
      }
      double speed = parent.bytesPerNano() == 0 ? typical : parent.bytesPerNano();
      double share = speed / (parent.running + 1);
      if (!holds) {
        share *= RELAY_SHARE;
      }
      if (share > bestShare) {
        best = parent;
        bestShare = share;
        equals = 1;
      } else if (share == bestShare && random.nextInt(++equals) == 0) {
        best = parent;
      }
    }
    if (best == null) {
      throw new IllegalStateException("no free parent holds piece " + piece);
    }
    return best;
  }

  private double typicalSpeed() {
    double fastest = 0;
    for (Parent parent : book.all()) {
      fastest = Math.max(fastest, parent.bytesPerNano());
    }
    return fastest == 0 ? 1 : fastest;
  }

  void started(long id, long now) {
    find(id)
        .ifPresent(fetch -> {
          fetch.startedAt = now;
          fetch.deadline = now + patience(fetch.length, fetch.parent);
        });
  }

  private long patience(long bytes, Parent parent) {
    double speed = parent.bytesPerNano() == 0 ? averageSpeed() : parent.bytesPerNano();
    if (speed == 0) {
      return UNMEASURED;
    }
    return Math.max(SHORTEST_DEADLINE, (long) (DEADLINE_FACTOR * bytes / speed));
  }

  private double averageSpeed() {
    double sum = 0;
    int measured = 0;
    for (Parent parent : book.all()) {
      if (parent.bytesPerNano() > 0) {
        sum += parent.bytesPerNano();
        measured++;
      }
    }
    return measured == 0 ? 0 : sum / measured;
  }

  void progress(long id, long bytes) {
    find(id).ifPresent(fetch -> fetch.bytes = Math.min(fetch.length, fetch.bytes + bytes));
  }

  /** The fetch is over, in whatever way. */
  Optional<Fetch> ended(long id) {
    Fetch fetch = running.remove(id);
    if (fetch != null) {
      claimed.clear(fetch.piece);
      fetch.parent.running--;
    }
    return Optional.ofNullable(fetch);
  }

  void delivered(Fetch fetch, long now) {
    if (!fetch.relayed) {
      long since = fetch.startedAt == Long.MAX_VALUE ? now : fetch.startedAt;
      fetch.parent.measured(fetch.bytes, now - since);
    }
    fetch.parent.delivered();
  }

  /** Returns whether the parent should be left alone from now on. */
  boolean unanswered(Parent parent, long now) {
    parent.slowed();
    parent.pausedUntil = now + PAUSE_AFTER_FAILURE;
    return ++parent.failures >= Parent.MOST_FAILURES;
  }

  /** Takes overdue transfers away from slow parents, where another one would do better. */
  void takeFromSlow(TaskContent content, long now, List<Action> out) {
    for (Fetch fetch : running.values()) {
      if (!fetch.isUnderWay() || now < fetch.deadline) {
        continue;
      }
      if (isBetterElsewhere(fetch, content, now)) {
        if (!fetch.relayed) {
          fetch.parent.slowed();
        }
        takeAway(fetch, now, out);
      } else {
        fetch.deadline = now + Math.max(SHORTEST_DEADLINE, now - fetch.startedAt);
      }
    }
  }

  private boolean isBetterElsewhere(Fetch fetch, TaskContent content, long now) {
    double rest = fetch.rest(now);
    for (Parent other : book.all()) {
      if (other != fetch.parent && other.isFree(now) && other.announced.get(fetch.piece)) {
        double speed = other.bytesPerNano() == 0 ? typicalSpeed() : other.bytesPerNano();
        if (content.length() > 0 && fetch.length / speed < rest) {
          return true;
        }
      }
    }
    return false;
  }

  /** Nothing is left to ask for: idle parents take over from much slower ones. */
  private void handOver(long now, List<Action> out) {
    for (Fetch fetch : running.values()) {
      if (!fetch.isUnderWay() || handedOver.get(fetch.piece)) {
        continue;
      }
      double rest = fetch.rest(now);
      for (Parent idle : book.all()) {
        if (idle != fetch.parent
            && idle.isFree(now)
            && idle.bytesPerNano() > 0
            && idle.announced.get(fetch.piece)
            && now - fetch.startedAt > COST_OF_A_CHANGE
            && rest > COST_OF_A_CHANGE + WORTH_A_CHANGE * fetch.length / idle.bytesPerNano()) {
          handedOver.set(fetch.piece);
          takeAway(fetch, now, out);
          return;
        }
      }
    }
  }

  private static void takeAway(Fetch fetch, long now, List<Action> out) {
    if (!fetch.relayed) {
      fetch.parent.measured(Math.max(1, fetch.bytes), now - fetch.startedAt);
      fetch.parent.pausedUntil = now + PAUSE_AFTER_FAILURE;
    }
    abort(fetch, out);
  }

  void abortFrom(Parent parent, List<Action> out) {
    running.values().stream()
        .filter(fetch -> fetch.parent == parent)
        .forEach(fetch -> abort(fetch, out));
  }

  /** Stops those that nobody wants any more. */
  void abortUnwanted(BitSet wanted, List<Action> out) {
    running.values().stream()
        .filter(fetch -> !wanted.get(fetch.piece))
        .forEach(fetch -> abort(fetch, out));
  }

  void abortAll(List<Action> out) {
    running.values().forEach(fetch -> abort(fetch, out));
  }

  /** The content is another: what still arrives is of the old one, and nobody's claim. */
  void startOver(List<Action> out) {
    abortAll(out);
    new ArrayList<>(running.keySet()).forEach(this::ended);
    handedOver.clear();
  }

  private static void abort(Fetch fetch, List<Action> out) {
    if (!fetch.aborted) {
      fetch.aborted = true;
      out.add(new Action.AbortFetch(fetch.id));
    }
  }

  Optional<Fetch> find(long id) {
    return Optional.ofNullable(running.get(id));
  }

  long wakeAt(long now) {
    long wake = Long.MAX_VALUE;
    for (Fetch fetch : running.values()) {
      if (fetch.isUnderWay()) {
        wake = Math.min(wake, fetch.deadline);
        if (now - fetch.startedAt > COST_OF_A_CHANGE) {
          wake = Math.min(wake, now + COST_OF_A_CHANGE);
        }
      }
    }
    return wake;
  }
}
