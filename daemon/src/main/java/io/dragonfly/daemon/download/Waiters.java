package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.InvalidRangeException;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.link.DownloadRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The callers that share one task's download, in the order they came. */
final class Waiters {
  private static final long FOR_OTHERS = -1;

  private final Map<Long, Waiter> waiters = new LinkedHashMap<>();

  Waiter add(long id, DownloadRequest request, boolean byBlocks, long now) {
    Waiter waiter = new Waiter(id, request, byBlocks, now);
    waiters.put(id, waiter);
    return waiter;
  }

  /**
   * A caller of this host takes a part of the piece from the origin, which is read once for all
   * hosts: so the piece is wanted whole, for them, and outlives the caller that is served.
   */
  void wantForOthers(int piece, PieceLayout layout, DownloadRequest request, long now) {
    long id = FOR_OTHERS - piece;
    if (!waiters.containsKey(id)) {
      String range = layout.range(piece).toHttp();
      add(id, request.withRange(range), /* byBlocks= */ false, now);
    }
  }

  boolean isOnlyForOthers() {
    return !waiters.isEmpty() && waiters.keySet().stream().allMatch(id -> id <= FOR_OTHERS);
  }

  /** Nobody on this host waits, or ever got what it wanted: others see to themselves. */
  void forgetOthers() {
    waiters.keySet().removeIf(id -> id <= FOR_OTHERS);
  }

  /** Whether all want parts of the content, for which blocks will do. */
  boolean isByBlocks() {
    return live().stream().allMatch(waiter -> waiter.byBlocks);
  }

  Optional<Waiter> find(long id) {
    return Optional.ofNullable(waiters.get(id));
  }

  void remove(Waiter waiter) {
    waiters.remove(waiter.id);
  }

  boolean isEmpty() {
    return waiters.isEmpty();
  }

  /** A copy: waiters may leave while it is walked. */
  List<Waiter> all() {
    return new ArrayList<>(waiters.values());
  }

  private Collection<Waiter> live() {
    return waiters.values();
  }

  /** What all of them want together, without what is held. */
  Needs needs(TaskContent content) {
    return new Needs(live(), content);
  }

  /** Where callers read, the one that came first leading. */
  int[] readers() {
    return live().stream().mapToInt(waiter -> waiter.reading).filter(piece -> piece >= 0).toArray();
  }

  /** The request to read the origin with, if any caller permits it. */
  Optional<DownloadRequest> originRequest() {
    return live().stream()
        .map(waiter -> waiter.request)
        .filter(request -> !request.disableBackToSource())
        .findFirst();
  }

  /** The request that speaks for all: of the first caller that permits to read the origin. */
  DownloadRequest leading() {
    return originRequest()
        .orElseGet(() -> live().stream().map(waiter -> waiter.request).findFirst().orElseThrow());
  }

  /**
   * The request that says to a scheduler what this host wants: as {@link #leading}, but one for all
   * of the content if there is one with the same headers.
   */
  DownloadRequest widest() {
    DownloadRequest leading = leading();
    return live().stream()
        .map(waiter -> waiter.request)
        .filter(request -> request.rangeHeader().isEmpty())
        .filter(request -> request.disableBackToSource() == leading.disableBackToSource())
        .filter(request -> request.requestHeaders().equals(leading.requestHeaders()))
        .findFirst()
        .orElse(leading);
  }

  /** One caller's part. */
  static final class Waiter {
    final long id;
    final DownloadRequest request;
    final long since;

    /** Whether of a range the blocks that have bytes of it are enough. */
    final boolean byBlocks;

    /** Piece it needs next, or -1 when it does not read along. */
    int reading = -1;

    boolean started;
    boolean checking;
    ByteCounts arrived = ByteCounts.NONE;
    ByteCounts shown = ByteCounts.NONE;

    private Optional<ByteRange> range = Optional.empty();
    private int first;
    private int last = -1;
    private int left;

    /** Pieces of which it has all that it wants, though they are not whole. */
    private final Set<Integer> partsDone = new HashSet<>();

    Waiter(long id, DownloadRequest request, boolean byBlocks, long since) {
      this.id = id;
      this.request = request;
      this.byBlocks = byBlocks && request.rangeHeader().isPresent();
      this.since = since;
    }

    long deadline() {
      return request.timeout().isPresent()
          ? since + nanos(request.timeout().get())
          : Long.MAX_VALUE;
    }

    /** Begins, or begins anew, with this content. */
    void begin(PieceLayout layout) throws InvalidRangeException {
      long length = layout.contentLength();
      arrived = ByteCounts.NONE;
      shown = ByteCounts.NONE;
      if (request.rangeHeader().isPresent()) {
        range = Optional.of(ByteRange.parse(request.rangeHeader().get(), length));
      } else {
        range = length == 0 ? Optional.empty() : Optional.of(new ByteRange(0, length));
      }
      first = range.isPresent() ? layout.firstPiece(range.get()) : 0;
      last = range.isPresent() ? layout.lastPiece(range.get()) : -1;
      left = last - first + 1;
      partsDone.clear();
      started = true;
    }

    Optional<ByteRange> range() {
      return range;
    }

    boolean wants(int piece) {
      return started && piece >= first && piece <= last;
    }

    /** Whether it wants the piece, or more of it. */
    boolean awaits(int piece) {
      return wants(piece) && !partsDone.contains(piece);
    }

    /** What it wants of the piece: all of it, but where its range begins or ends. */
    BlockSet blocks(PieceLayout layout, int piece) {
      return byBlocks && range.isPresent() && (piece == first || piece == last)
          ? layout.blocks(piece, range.get())
          : layout.blocks(piece);
    }

    int firstPiece() {
      return first;
    }

    int lastPiece() {
      return last;
    }

    boolean isComplete() {
      return started && left == 0;
    }

    void readsAt(int piece) {
      reading = Math.max(0, piece);
    }

    /** What it wants of a piece arrived. */
    void arrived(PieceLayout layout, int piece, ByteSource source, boolean whole) {
      if (!whole) {
        partsDone.add(piece);
      }
      arrived = arrived.plus(source, share(layout, piece));
      left--;
    }

    /** Bytes of the piece that it asked for. */
    long share(PieceLayout layout, int piece) {
      long begin = Math.max(layout.offset(piece), range.orElseThrow().start());
      long end =
          Math.min(layout.offset(piece) + layout.length(piece), range.orElseThrow().endExclusive());
      return end - begin;
    }

    private static long nanos(Duration duration) {
      return duration.toSeconds() > Long.MAX_VALUE / 2_000_000_000L
          ? Long.MAX_VALUE / 2
          : duration.toNanos();
    }
  }
}
