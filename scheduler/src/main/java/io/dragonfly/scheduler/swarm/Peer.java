package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One host's part in one task. Plain data, guarded by the lock of the task. */
final class Peer {
  /** There are many peers, and most never have more of anything: tables begin small. */
  private static final int FEW = 1;

  final PeerId id;
  final Host host;
  final boolean extension;
  final long createdAt;

  DownloadSpec download;
  PeerState state = PeerState.RECEIVED_NORMAL;

  /** The open stream; 0: none. */
  long session;

  /** Where its host serves pieces; 0: unknown. */
  int piecePort;

  // What it holds. A complete peer has no bit set, only the mark.
  BitSet pieces = new BitSet();
  int held;
  boolean complete;

  /** Its pieces are of the task's present version. */
  boolean current;

  /** It said another root than the one handed out. */
  boolean distrusted;

  /** It is usable as a parent, now. Owned by {@link Offers}. */
  boolean offered;

  // Edges. The trunk is one of the parents: following trunks ends at a holder or the leaseholder.
  final Set<Peer> parents = LinkedHashSet.newLinkedHashSet(FEW);
  final Set<Peer> children = LinkedHashSet.newLinkedHashSet(FEW);
  @Nullable Peer trunk;
  List<PeerId> toldParents = List.of();

  /** Hosts it is not sent to, until when. */
  final Map<HostId, Long> blocked = HashMap.newHashMap(FEW);

  /** Upstream only: an answer is owed. */
  boolean pending;

  int answers;

  // The origin.
  boolean hasReadOrigin;
  boolean refused;
  int leaseFailures;
  long leaseBlockedUntil;

  // When what happened, milliseconds; 0: never.
  long waitingSince;
  long complainedAt;
  long updatedAt;
  long pieceAt;
  long lostAt;
  long finishedAt;

  Peer(PeerId id, Host host, boolean extension, DownloadSpec download, long now) {
    this.id = id;
    this.host = host;
    this.extension = extension;
    this.download = download;
    this.createdAt = now;
    this.updatedAt = now;
    this.pieceAt = now;
  }

  boolean isActive() {
    return session != 0 && state.isActive();
  }

  /** Whether it takes an order now: ours always, upstream while an answer is owed. */
  boolean canBeTold() {
    return isActive() && (extension || pending);
  }

  boolean isBlocked(HostId other, long now) {
    Long until = blocked.get(other);
    return until != null && until > now;
  }

  void block(HostId other, long until) {
    blocked.merge(other, until, Math::max);
  }

  boolean holds(int piece) {
    return complete || pieces.get(piece);
  }

  void dropPieces() {
    pieces = new BitSet();
    held = 0;
    complete = false;
  }

  PeerView view() {
    return new PeerView(
        id,
        host.id(),
        state,
        extension,
        download.priority(),
        download.range(),
        download.concurrentPieces(),
        download.needBackToSource(),
        held,
        parents.size(),
        children.size(),
        finishedAt == 0 ? 0 : finishedAt - createdAt,
        createdAt,
        updatedAt,
        complete && held == 1 ? piecePort : 0);
  }
}
