package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.BlockSet;
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
 * taken away and given to that parent; verified blocks are kept, so little is sent twice. At the
 * end of a download, when parents are idle while a slow one still sends, {@link HandOver} decides.
 */
final class Fetches {
  private static final long SECOND = 1_000_000_000L;

  private static final long PAUSE_AFTER_FAILURE = SECOND / 2;

  /**
   * Relays under way for each piece that may be asked of a holder at the same time: they come at a
   * share of a link's speed, and fill the link only together.
   */
  private static final int RELAYS_PER_PIECE = 2;

  /** Where so many parents share the work, more requests to one would only slow each other. */
  private static final int CROWD = 4;

  private static final int MOST_OF_CROWD = 1;

  /** What a relayed piece is expected to come at, beside one that its parent has. */
  private static final double RELAY_SHARE = 0.5;

  private final ParentBook book;
  private final Speeds speeds;
  private final HandOver handOver;
  private final Overdue overdue;
  private final SeedTurn seedTurn;
  private final PiecePicker picker;
  private final RandomGenerator random;
  private final int most;
  private int relaying;
  private final Map<Long, Fetch> running = new LinkedHashMap<>();
  private final BitSet claimed = new BitSet();

  /** Pieces that came too slowly: they are taken from who has them, be it a seed. */
  private final BitSet direct = new BitSet();

  private final BitSet offer = new BitSet();
  private final BitSet relays = new BitSet();

  private long lastId;

  /** When a seed may be asked for what only seeds offer; 0 while there is nothing of that kind. */
  private long turnAt;

  Fetches(ParentBook book, PiecePicker picker, RandomGenerator random, int most) {
    this.book = book;
    this.speeds = new Speeds(book);
    this.handOver = new HandOver(book, speeds);
    this.overdue = new Overdue(book, speeds, random);
    this.seedTurn = new SeedTurn(book, random);
    this.picker = picker;
    this.random = random;
    this.most = most;
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

  /**
   * Asks parents for as many of the free pieces as may be asked for now. A seed is spared what
   * peers offer, while anything is under way from them: then each of its pieces goes out about
   * once, and peers pass them on.
   */
  void begin(
      BitSet free, Needs needs, int[] readers, TaskContent content, long now, List<Action> out) {
    BitSet left = (BitSet) free.clone();
    left.andNot(claimed);
    if (left.isEmpty() || !mayAsk()) {
      turnAt = 0;
    } else {
      ask(left, needs, readers, content, now, out);
    }
    if (wholeRunning() < most && turnAt <= now && handOver.isDue(left, now)) {
      handOver.next(running.values(), content, now).ifPresent(fetch -> takeAway(fetch, now, out));
    }
  }

  private void ask(
      BitSet left, Needs needs, int[] readers, TaskContent content, long now, List<Action> out) {
    BitSet byPeers = offeredByPeers(content);
    while (true) {
      awaitTurn(left, byPeers, content, now);
      BitSet spared = byPeers;
      OptionalInt piece = pick(left, spared, needs, readers, content, now);
      if (piece.isEmpty() && running.isEmpty()) {
        spared = new BitSet();
        piece = pick(left, spared, needs, readers, content, now);
      }
      if (piece.isEmpty()) {
        break;
      }
      left.clear(piece.getAsInt());
      handOver.begun(now);
      Parent parent = bestParent(piece.getAsInt(), spared, content, now);
      if (parent.info.seed()) {
        turnAt = 0;
      }
      start(parent, piece.getAsInt(), needs, content, out);
    }
  }

  private int wholeRunning() {
    return running.size() - relaying;
  }

  private boolean mayAsk() {
    return mayAskForWhole() || mayAskForRelayed();
  }

  private boolean mayAskForWhole() {
    return wholeRunning() < most;
  }

  private boolean mayAskForRelayed() {
    return relaying < RELAYS_PER_PIECE * most;
  }

  private OptionalInt pick(
      BitSet left, BitSet spared, Needs needs, int[] readers, TaskContent content, long now) {
    BitSet candidates = new BitSet();
    for (Parent parent : book.all()) {
      candidates.or(offer(parent, left, spared, content, now));
    }
    OptionalInt part = needs.firstPart(candidates);
    return part.isPresent() ? part : picker.pick(candidates, readers, book.holders());
  }

  /**
   * Those of the pieces that the parent can be asked for now; a seed is not asked for the spared
   * ones. The set is good until the next call: this is looked at with every piece of news.
   */
  private BitSet offer(Parent parent, BitSet pieces, BitSet spared, TaskContent content, long now) {
    offer.clear();
    boolean seed = parent.info.seed();
    if (seed && now < turnAt) {
      return offer;
    }
    int requests = book.all().size() < CROWD ? parent.window() : MOST_OF_CROWD;
    if (mayAskForWhole() && parent.isFree(requests, now)) {
      offer.or(parent.announced);
      content.keepAcceptable(offer, parent.extension);
    }
    if (mayAskForRelayed() && parent.isFreeToRelay(now) && !parent.begun.isEmpty()) {
      relays.clear();
      relays.or(parent.begun);
      // Blocks are passed on only where a root says that they are right.
      content.keepRooted(relays);
      relays.andNot(direct);
      offer.or(relays);
    }
    offer.and(pieces);
    if (seed) {
      offer.andNot(spared);
    }
    return offer;
  }

  /** Pieces that can be taken from parents which are no seeds, and come fast enough. */
  private BitSet offeredByPeers(TaskContent content) {
    BitSet begun = new BitSet();
    BitSet offered = new BitSet();
    for (Parent parent : book.all()) {
      if (!parent.info.seed()) {
        offered.or(parent.announced);
        begun.or(parent.begun);
      }
    }
    content.keepRooted(begun);
    offered.or(begun);
    offered.andNot(direct);
    return offered;
  }

  /**
   * Of many peers that hear of the same new piece of a seed one should ask for it, and the others
   * take it from that one. So each waits for a time chosen by chance, which is short beside the
   * time that a piece takes, and looks again who offers it then.
   */
  private void awaitTurn(BitSet left, BitSet byPeers, TaskContent content, long now) {
    long turn = turnAt;
    turnAt = 0; // What the seeds offer is asked for below.
    for (Parent parent : book.all()) {
      if (parent.info.seed() && !offer(parent, left, byPeers, content, now).isEmpty()) {
        turnAt = turn == 0 ? now + seedTurn.length(parent, content) : turn;
        return;
      }
    }
  }

  private void start(Parent parent, int piece, Needs needs, TaskContent content, List<Action> out) {
    // Blocks are verified only where a root says that they are right.
    boolean divisible = parent.extension && content.isRooted(piece);
    Optional<BlockSet> part = divisible ? needs.part(piece) : Optional.empty();
    BlockSet missing =
        part.orElseGet(() -> content.layout().blocks(piece).without(content.part(piece)));
    Fetch fetch = new Fetch(++lastId, parent, piece, content.layout().bytes(piece, missing));
    running.put(fetch.id, fetch);
    claimed.set(piece);
    if (fetch.relayed) {
      relaying++;
      parent.relaying++;
    } else {
      parent.running++;
    }
    out.add(
        new Action.Fetch(
            fetch.id,
            piece,
            parent.info,
            parent.ip,
            parent.port,
            parent.extension,
            content.root(piece),
            part));
  }

  /** The parent that should be done first; one that was never measured is given its chance. */
  private Parent bestParent(int piece, BitSet spared, TaskContent content, long now) {
    double typical = speeds.typical();
    BitSet wanted = new BitSet();
    wanted.set(piece);
    Parent best = null;
    double bestShare = -1;
    int equals = 0;
    for (Parent parent : book.all()) {
      if (!parent.offers(piece) || offer(parent, wanted, spared, content, now).isEmpty()) {
        continue;
      }
      double speed = parent.bytesPerNano() == 0 ? typical : parent.bytesPerNano();
      double share =
          parent.announced.get(piece)
              ? speed / (parent.running + 1)
              : RELAY_SHARE * speed / (parent.relaying + 1);
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

  void started(long id, long now) {
    find(id)
        .ifPresent(fetch -> {
          fetch.startedAt = now;
          fetch.deadline = now + speeds.patience(fetch.length, fetch.parent);
        });
  }

  void progress(long id, long bytes) {
    find(id).ifPresent(fetch -> fetch.bytes = Math.min(fetch.length, fetch.bytes + bytes));
  }

  /** The fetch is over, in whatever way. */
  Optional<Fetch> ended(long id) {
    Fetch fetch = running.remove(id);
    if (fetch != null) {
      claimed.clear(fetch.piece);
      if (fetch.relayed) {
        relaying--;
        fetch.parent.relaying--;
      } else {
        fetch.parent.running--;
      }
    }
    return Optional.ofNullable(fetch);
  }

  void delivered(Fetch fetch, long waitNanos, long now) {
    if (!fetch.relayed) {
      long since = fetch.startedAt == Long.MAX_VALUE ? now : fetch.startedAt;
      fetch.parent.measured(fetch.bytes, now - since);
      fetch.parent.answered(waitNanos, fetch.length);
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
      if (overdue.isHopeless(fetch, content, now)) {
        if (!fetch.relayed) {
          fetch.parent.slowed();
        }
        takeAway(fetch, now, out);
      }
    }
  }

  /** Whether all that is under way comes too slowly through others: the parents do not suffice. */
  boolean isCrawling() {
    return !running.isEmpty()
        && running.values().stream().allMatch(fetch -> fetch.relayed && fetch.overdue > 0);
  }

  private void takeAway(Fetch fetch, long now, List<Action> out) {
    direct.set(fetch.piece);
    if (!fetch.relayed) {
      fetch.parent.measured(Math.max(1, fetch.bytes), now - fetch.startedAt);
      fetch.parent.pausedUntil = now + PAUSE_AFTER_FAILURE;
    }
    abort(fetch, out);
  }

  /** Stops what comes from the parent's host. */
  void abortFrom(Parent parent, List<Action> out) {
    running.values().stream()
        .filter(fetch -> fetch.parent.info.host().equals(parent.info.host()))
        .forEach(fetch -> abort(fetch, out));
  }

  /** Stops those that nobody wants any more. */
  void abortUnwanted(BitSet wanted, List<Action> out) {
    for (Fetch fetch : running.values()) {
      if (!wanted.get(fetch.piece)) {
        abort(fetch, out);
      }
    }
  }

  void abortAll(List<Action> out) {
    running.values().forEach(fetch -> abort(fetch, out));
  }

  /** The content is another: what still arrives is of the old one, and nobody's claim. */
  void startOver(List<Action> out) {
    abortAll(out);
    new ArrayList<>(running.keySet()).forEach(this::ended);
    handOver.startOver();
    direct.clear();
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
    long wake = turnAt > now ? turnAt : Long.MAX_VALUE;
    for (Fetch fetch : running.values()) {
      if (fetch.isUnderWay()) {
        wake = Math.min(wake, fetch.deadline);
        wake = Math.min(wake, HandOver.wakeAt(fetch, now));
      }
    }
    return wake;
  }
}
