package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.TinyContent;
import io.dragonfly.scheduler.origin.OriginLease;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** What is known of one task. Plain data, guarded by the lock of the task. */
final class Task {
  /** There are many tasks, and most never have more peers at a time: tables begin small. */
  private static final int FEW = 1;

  /** Within that time a daemon has come back to a scheduler that was started anew. */
  private static final long RETURN_MILLIS = 2_000;

  final TaskId id;
  final SwarmSettings settings;
  final RandomGenerator random;
  final long createdAt;
  final OriginLease lease;
  final RootTable roots = new RootTable();

  final Map<PeerId, Peer> peers = LinkedHashMap.newLinkedHashMap(FEW);
  final Map<HostId, Set<Peer>> byHost = LinkedHashMap.newLinkedHashMap(FEW);

  /** Peers that download, with an open stream. */
  final Set<Peer> active = LinkedHashSet.newLinkedHashSet(FEW);

  /** Peers that download, whose stream broke. */
  final Set<Peer> lost = LinkedHashSet.newLinkedHashSet(FEW);

  DownloadSpec download;
  SwarmLimits limits;
  TaskState state = TaskState.PENDING;

  /** It became known soon after the scheduler began. */
  final boolean isEarly;

  /** Before that time nobody is told to read the origin: those who hold pieces may be coming. */
  private long readableFrom;

  long updatedAt;
  private @Nullable Effects effects;
  private @Nullable ContentInfo content;
  private @Nullable TinyContent tiny;
  private int pieceCount;

  Task(
      TaskId id,
      DownloadSpec download,
      SwarmSettings settings,
      SwarmLimits limits,
      RandomGenerator random,
      boolean isEarly,
      long now) {
    this.id = id;
    this.download = download.withoutMessage();
    this.settings = settings;
    this.limits = limits;
    this.random = random;
    this.isEarly = isEarly;
    this.createdAt = now;
    this.updatedAt = now;
    this.lease = new OriginLease(settings.lease());
  }

  /** What comes out of the event that is under way. */
  Effects effects() {
    if (effects == null) {
      effects = new Effects();
    }
    return effects;
  }

  /** What came out of the event, which has ended. */
  Effects takeEffects() {
    Effects taken = effects();
    effects = null;
    return taken;
  }

  /** The swarm may be older than the scheduler, whose peers come back one by one from then on. */
  void awaitReturns(long since) {
    readableFrom = Math.max(readableFrom, since + RETURN_MILLIS);
  }

  boolean isReadable(long now) {
    return now >= readableFrom;
  }

  Optional<ContentInfo> content() {
    return Optional.ofNullable(content);
  }

  void content(ContentInfo value) {
    content = value;
    if (!TinyContent.mayBe(value)) {
      tiny = null; // It has a guard by now, or is another.
    }
    pieceCount = value.length().isPresent() ? value.layout().pieceCount() : 0;
  }

  /** The content itself, to be handed out. */
  Optional<TinyContent> tiny() {
    return Optional.ofNullable(tiny);
  }

  void tiny(@Nullable TinyContent value) {
    tiny = value;
  }

  boolean isLengthKnown() {
    return content != null && content.length().isPresent();
  }

  /** 0 while the length is unknown. */
  int pieceCount() {
    return pieceCount;
  }

  /**
   * First and last piece of a range; empty when it is outside the content or the length is unknown.
   */
  Optional<int[]> piecesOf(ByteRange range) {
    ContentInfo known = content;
    if (known == null || known.length().isEmpty() || range.start() >= known.length().getAsLong()) {
      return Optional.empty();
    }
    PieceLayout layout = known.layout();
    return Optional.of(new int[] {layout.firstPiece(range), layout.lastPiece(range)});
  }

  void tell(Peer peer, PeerOrder order) {
    if (peer.session != 0) {
      effects().add(new SwarmAction.Tell(peer.session, order));
    }
  }

  void notice(String text) {
    effects().add(new SwarmAction.Notice(id, text));
  }

  TaskView view(boolean available) {
    return new TaskView(
        id,
        download,
        content(),
        pieceCount,
        SizeScope.of(
            content == null ? java.util.OptionalLong.empty() : content.length(), pieceCount),
        state,
        peers.size(),
        available,
        createdAt,
        updatedAt);
  }

  /** What is kept of a peer's download when nobody fetches for it any more. */
  DownloadSpec ended(DownloadSpec ofPeer) {
    DownloadSpec kept = ofPeer.withoutMessage();
    return kept.equals(download) ? download : kept;
  }
}
