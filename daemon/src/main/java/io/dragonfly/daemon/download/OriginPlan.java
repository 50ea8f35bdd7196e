package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.link.DownloadRequest;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;

/**
 * Whether the origin may be read, which reads are under way, and what comes after a failed one.
 *
 * <p>The first request is a look: a bounded range whose answer tells length and version and whose
 * bytes are kept. What follows are runs of consecutive missing pieces, some at a time and shorter
 * ones towards the end. An origin that does not give parts is read by looks at the whole content.
 *
 * <p>A read that breaks is repeated from where it broke, unless {@link OriginAttempts} say that it
 * is in vain.
 */
final class OriginPlan {
  /** Who allowed this host to read the origin, and how much of it. */
  enum Permission {
    NONE,
    /** Only what the content is: a Go scheduler has to be told. */
    LOOK,
    /** The scheduler, for the pieces that no live peer holds. */
    LEASE,
    /** Nobody is there to ask. */
    OWN
  }

  /** One request to the origin. */
  static final class Read {
    final long id;
    final DownloadRequest request;
    final boolean look;
    final long start;
    final long length;

    /** Pieces that it will bring. */
    final BitSet pieces = new BitSet();

    /** A look's answer came and waits for the storage. */
    boolean waiting;

    boolean ranged = true;

    /** The piece that is being written, or -1, and how much of it is stored. */
    int writing = -1;

    long held;

    /** Bytes that came, whether they were of use or not. */
    long received;

    Read(long id, DownloadRequest request, boolean look, long start, long length) {
      this.id = id;
      this.request = request;
      this.look = look;
      this.start = start;
      this.length = length;
    }
  }

  private final DownloadOptions options;
  private final BooleanSupplier byBlocks;
  private final Map<Long, Read> reads = new LinkedHashMap<>();
  private final OriginRuns runs;
  private final OriginWidth width;
  private final OriginAttempts attempts;
  private final HeadStart headStart = new HeadStart();
  private Permission permission = Permission.NONE;
  private BitSet heldByPeers = new BitSet();
  private boolean ranges = true;
  private boolean lookAgain;
  private boolean lookFromStart;
  private boolean lookWithoutRange;
  private long bytes;
  private long lastId;

  /**
   * @param byBlocks whether all callers are content with blocks
   */
  OriginPlan(DownloadOptions options, RandomGenerator random, BooleanSupplier byBlocks) {
    this.options = options;
    this.byBlocks = byBlocks;
    this.runs = new OriginRuns(options.originRun(), random);
    this.width = new OriginWidth(options.originReads(), options.concurrentPieces());
    this.attempts = new OriginAttempts(options, random);
  }

  Permission permission() {
    return permission;
  }

  void allow(Permission granted, BitSet held) {
    permission = granted;
    heldByPeers = (BitSet) held.clone();
    attempts.allowed();
  }

  /** No further reads; those under way come to their end. */
  void withdraw() {
    permission = Permission.NONE;
  }

  /** The failure that ended the reading, until it is allowed anew. */
  Optional<OriginProblem> failure() {
    return attempts.failure();
  }

  /** Another request may fare better. */
  void forgetFailure() {
    attempts.forgetFailure();
  }

  /** Bytes read so far, by all reads. */
  long bytes() {
    return bytes;
  }

  boolean isReading() {
    return !reads.isEmpty();
  }

  Iterable<Read> reads() {
    return reads.values();
  }

  Optional<Read> find(long id) {
    return Optional.ofNullable(reads.get(id));
  }

  BitSet claimed() {
    BitSet claimed = new BitSet();
    reads.values().forEach(read -> claimed.or(read.pieces));
    return claimed;
  }

  /** The answer that waits for its storage, if any. */
  Optional<Read> waiting() {
    return reads.values().stream().filter(read -> read.waiting).findFirst();
  }

  void stopAll(List<Action> out) {
    reads.keySet().forEach(id -> out.add(new Action.StopRead(id)));
    reads.clear();
  }

  void stop(Read read, List<Action> out) {
    if (reads.remove(read.id, read)) {
      out.add(new Action.StopRead(read.id));
    }
  }

  /** Stops reads of which nobody wants a piece any more. */
  void stopUnwanted(BitSet wanted, List<Action> out) {
    for (Read read : List.copyOf(reads.values())) {
      if (!read.pieces.isEmpty() && !read.pieces.intersects(wanted)) {
        stop(read, out);
      }
    }
  }

  /** Whether reads go on that nobody allows any more. */
  boolean isReadingUnasked() {
    return isReading() && permission == Permission.NONE;
  }

  /** Stops reads where others have all that they would bring. */
  void stopCovered(BitSet available, List<Action> out) {
    for (Read read : List.copyOf(reads.values())) {
      BitSet uncovered = (BitSet) read.pieces.clone();
      uncovered.andNot(available);
      if (!read.pieces.isEmpty() && uncovered.isEmpty()) {
        stop(read, out);
      }
    }
  }

  /** Pieces that the origin should be read for: nobody else has them or brings them. */
  BitSet free(BitSet missing, BitSet available, BitSet fetching) {
    BitSet free = (BitSet) missing.clone();
    free.andNot(available);
    free.andNot(fetching);
    free.andNot(claimed());
    if (permission == Permission.LEASE) {
      free.andNot(heldByPeers);
    }
    return free;
  }

  /** The peers that were said to hold pieces do not give them: the origin may be asked for all. */
  void distrustPeers() {
    heldByPeers.clear();
  }

  /** Whether a look is the next thing to do. */
  boolean needsLook(TaskContent content) {
    return content.isUnknown() || lookAgain || !ranges;
  }

  /** Whether a read may begin now. */
  boolean mayBegin(long now) {
    return permission != Permission.NONE && attempts.mayBegin(now);
  }

  /** Begins the reads that may begin now. */
  void begin(
      BitSet free,
      Needs needs,
      int[] readers,
      TaskContent content,
      Optional<DownloadRequest> request,
      long now,
      List<Action> out) {
    if (!mayBegin(now) || request.isEmpty()) {
      return;
    }
    if (needsLook(content)) {
      if (reads.isEmpty() && (content.isUnknown() || lookAgain || !free.isEmpty())) {
        headStart.begin(request.get(), content, now);
        look(request.get(), content, out);
      }
      return;
    }
    if (!content.isOpen() || permission == Permission.LOOK) {
      return;
    }
    if (reads.isEmpty() && !free.isEmpty()) {
      headStart.begin(request.get(), content, now);
    }
    int most = headStart.lasts(content, now) ? 1 : width.now();
    while (reads.size() < most && !free.isEmpty()) {
      run(free, needs, readers, content, request.get(), out);
    }
    width.underWay(reads.size(), now);
  }

  private void look(DownloadRequest request, TaskContent content, List<Action> out) {
    FirstLook first = new FirstLook(0, options.firstLook());
    if (content.isUnknown() && !lookFromStart) {
      first = FirstLook.of(request, byBlocks.getAsBoolean(), options.firstLook());
    }
    // For a Go scheduler every peer looks, so its look must cost the origin next to nothing.
    long length = permission == Permission.LOOK ? 1 : first.length();
    boolean whole = !ranges || lookWithoutRange;
    Read read = new Read(++lastId, request, true, whole ? 0 : first.start(), whole ? 0 : length);
    lookAgain = false;
    reads.put(read.id, read);
    out.add(new Action.LookAtOrigin(read.id, request, read.start, read.length));
  }

  private void run(
      BitSet free,
      Needs needs,
      int[] readers,
      TaskContent content,
      DownloadRequest request,
      List<Action> out) {
    // Several hosts may be alone with the origin.
    boolean anywhere = permission == Permission.OWN && !heldByPeers.isEmpty();
    PieceLayout layout = content.layout();
    PieceShare share = runs.next(free, needs, readers, content, width.now(), anywhere);
    free.andNot(share.pieces());
    long start = share.start(layout);
    Read read = new Read(++lastId, request, false, start, share.end(layout) - start);
    read.pieces.or(share.pieces());
    reads.put(read.id, read);
    out.add(
        new Action.ReadOrigin(
            read.id,
            content.epoch(),
            request,
            content.info().orElseThrow(),
            share.first(),
            share.last(),
            share.part(share.first())));
  }

  /** The origin answered a look. */
  void answered(Read read, boolean ranged) {
    read.waiting = true;
    read.ranged = ranged;
    ranges = ranged && ranges;
  }

  /** Reads on, after a look, into those of the free pieces that the answer covers. */
  void take(Read read, BitSet free, Needs needs, TaskContent content, List<Action> out) {
    read.waiting = false;
    PieceShare share =
        read.ranged && read.length > 0
            ? PieceShare.within(free, needs, content, read.start, read.length)
            : PieceShare.of(free);
    read.pieces.or(share.pieces());
    if (read.pieces.isEmpty()) {
      stop(read, out);
    } else {
      out.add(
          new Action.TakeAnswer(
              read.id, content.epoch(), (BitSet) read.pieces.clone(), share.parts()));
    }
  }

  void takeStream(Read read, TaskContent content, List<Action> out) {
    read.waiting = false;
    long pieceLength = read.request.pieceLength().orElse(0);
    out.add(new Action.TakeStream(read.id, content.epoch(), pieceLength));
  }

  void progress(Read read, Event.OriginBytes count, long now) {
    bytes += count.bytes();
    read.received += count.bytes();
    width.bytes(count.bytes(), now);
    read.writing = count.piece();
    read.held = count.held();
    attempts.came(read.ranged ? count.bytes() : 0);
  }

  void pieceDone(Read read, int piece) {
    read.pieces.clear(piece);
    read.writing = -1;
    width.pieceDone();
    attempts.pieceDone();
  }

  void ended(Read read) {
    reads.remove(read.id, read);
  }

  /**
   * A read broke. What the host still lacks is read again later, or {@link #failure} says why not.
   */
  void broke(Read read, OriginProblem problem, long now) {
    reads.remove(read.id, read);
    switch (problem.kind()) {
      case NO_RANGES -> ranges = false;
      case CHANGED -> {
        lookAgain = true;
        tryLater(problem, now);
      }
      case REFUSED -> {
        if (problem.status().orElse(0) != 416) {
          attempts.giveUp(problem);
        } else if (read.look && read.start > 0) {
          lookFromStart = true;
        } else if (read.look && read.length > 0) {
          lookWithoutRange = true;
        } else if (!read.look) {
          lookAgain = true;
          tryLater(problem, now);
        } else {
          attempts.giveUp(problem);
        }
      }
      case TLS, REDIRECTS, FORBIDDEN, UNSUPPORTED_SCHEME, BAD_URL, BAD_HEADER ->
          attempts.giveUp(problem);
      case TRUNCATED -> {
        if (!read.ranged && attempts.endedThereBefore(read.received)) {
          attempts.giveUp(problem);
        } else {
          tryLater(problem, now);
        }
      }
      case UNAVAILABLE, TOO_LONG, BAD_ANSWER, CANCELLED, IO -> tryLater(problem, now);
    }
  }

  private void tryLater(OriginProblem problem, long now) {
    if (attempts.broke(problem, now)) {
      width.broke(problem.status(), now);
    }
  }

  /** What was learned of the origin may not hold for another version or another request. */
  void startOver(List<Action> out, Optional<Read> keep) {
    for (Read read : List.copyOf(reads.values())) {
      if (keep.isEmpty() || keep.get() != read) {
        stop(read, out);
      }
    }
    ranges = keep.isEmpty() || keep.get().ranged;
    attempts.startOver();
    lookAgain = false;
    heldByPeers.clear();
  }

  long wakeAt(long now) {
    return Math.min(headStart.wakeAt(now), attempts.wakeAt(now));
  }
}
