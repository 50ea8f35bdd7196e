package io.dragonfly.daemon.download;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.daemon.link.ParentInfo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The parents that the scheduler named, what each announced, and those that are not asked any more.
 *
 * <p>A parent is followed (its announcements are listened to) as long as it is listed. A sync that
 * ends or fails is begun again, {@value #MOST_SYNC_FAILURES} times without news at most.
 */
final class ParentBook {
  private static final int MOST_SYNC_FAILURES = 3;
  private static final long SYNC_PAUSE = 1_000_000_000L;

  /** Less than the time for which a scheduler of ours does not name it again. */
  private static final long LEFT_ALONE = 20_000_000_000L;

  private final Map<PeerId, Parent> listed = new LinkedHashMap<>();

  /** Those that are not asked, and until when. */
  private final Map<PeerId, Long> unwanted = new LinkedHashMap<>();

  /** Hosts that sent wrong bytes: they come back as other peers, and are no better then. */
  private final Set<HostId> distrusted = new HashSet<>();

  /** Those that are followed, by their syncs. */
  private final Map<Integer, Parent> followed = new HashMap<>();

  private int lastSync;
  private int[] holders = new int[0];

  /** The scheduler's new list replaces the one before; what is known of those who stay is kept. */
  void list(List<ParentInfo> parents, long now, List<Action> out) {
    unwanted.values().removeIf(until -> until <= now);
    Map<PeerId, Parent> before = new LinkedHashMap<>(listed);
    listed.clear();
    for (ParentInfo info : parents) {
      if (unwanted.containsKey(info.peer()) || distrusted.contains(info.host())) {
        continue;
      }
      Parent known = before.remove(info.peer());
      listed.put(info.peer(), known != null && known.info.equals(info) ? known : new Parent(info));
      if (known != null && !known.info.equals(info)) {
        before.put(info.peer(), known);
      }
    }
    before.values().forEach(gone -> unfollow(gone, out));
    countHolders();
  }

  /** Follows everybody who is not followed, and again where a sync broke off a while ago. */
  void follow(TaskContent content, long now, List<Action> out) {
    if (!content.isOpen() || !content.hasLayout()) {
      return;
    }
    int pieces = content.layout().pieceCount();
    if (holders.length != pieces) {
      holders = new int[pieces];
      countHolders();
    }
    for (Parent parent : listed.values()) {
      if (parent.sync != 0 || now < parent.syncAt) {
        continue;
      }
      if (pieces == 1 && parent.info.wholeAt() > 0 && parent.denied.isEmpty()) {
        // The scheduler said all that following it would bring.
        parent.extension = true;
        parent.syncAt = Long.MAX_VALUE;
        announced(parent, 0, parent.info.ip(), parent.info.wholeAt());
        continue;
      }
      BitSet interested = new BitSet();
      interested.set(0, pieces);
      interested.andNot(content.held());
      parent.sync = ++lastSync;
      followed.put(parent.sync, parent);
      parent.syncAt = Long.MAX_VALUE;
      out.add(new Action.Follow(parent.sync, parent.info, interested));
    }
  }

  /** Nothing that was announced counts any more: the content is another. */
  void startOver(List<Action> out) {
    for (Parent parent : listed.values()) {
      unfollow(parent, out);
      parent.announced.clear();
      parent.begun.clear();
      parent.denied.clear();
      parent.syncFailures = 0;
      parent.syncAt = 0;
    }
    holders = new int[0];
  }

  void unfollowAll(List<Action> out) {
    listed.values().forEach(parent -> unfollow(parent, out));
  }

  Optional<Parent> bySync(int sync) {
    return Optional.ofNullable(followed.get(sync));
  }

  Collection<Parent> all() {
    return listed.values();
  }

  boolean hasOthers(Parent parent) {
    return listed.values().stream().anyMatch(other -> other != parent);
  }

  boolean isListed(Parent parent) {
    return listed.get(parent.info.peer()) == parent;
  }

  void announced(Parent parent, int piece, String ip, int port) {
    heard(parent, ip, port);
    if (piece < 0 || piece >= holders.length || parent.denied.get(piece)) {
      return;
    }
    if (!parent.offers(piece)) {
      holders[piece]++;
    }
    parent.announced.set(piece);
    parent.begun.clear(piece);
  }

  /** The piece is on its way to the parent, which passes on what it has of it. */
  void begun(Parent parent, int piece, String ip, int port) {
    heard(parent, ip, port);
    if (piece >= 0 && piece < holders.length && !parent.offers(piece)) {
      parent.begun.set(piece);
      holders[piece]++;
    }
  }

  /** It does not come in there any more. */
  void relayLost(Parent parent, int piece) {
    if (parent.begun.get(piece)) {
      parent.begun.clear(piece);
      if (isListed(parent) && piece < holders.length) {
        holders[piece]--;
      }
    }
  }

  private static void heard(Parent parent, String ip, int port) {
    parent.syncFailures = 0;
    parent.ip = ip.isEmpty() ? parent.info.ip() : ip;
    parent.port = port;
  }

  void denied(Parent parent, int piece) {
    parent.denied.set(piece);
    if (parent.announced.get(piece)) {
      parent.announced.clear(piece);
      if (isListed(parent) && piece < holders.length) {
        holders[piece]--;
      }
    }
  }

  /**
   * The sync is over, by its end or a failure. It is begun again where the parent may know of more.
   *
   * @return whether there is still something to hope for from this parent
   */
  boolean syncOver(Parent parent, BitSet missing, long now) {
    BitSet unheard = (BitSet) missing.clone();
    unheard.andNot(parent.announced);
    unheard.andNot(parent.denied);
    endSync(parent);
    parent.syncFailures++;
    boolean again = !unheard.isEmpty() && parent.syncFailures < MOST_SYNC_FAILURES;
    parent.syncAt = again ? now + SYNC_PAUSE * parent.syncFailures : Long.MAX_VALUE;
    return again || !parent.announced.isEmpty();
  }

  /** It sent wrong bytes: its host is not asked again in this download. */
  void drop(Parent parent, List<Action> out) {
    HostId host = parent.info.host();
    distrusted.add(host);
    drop(parent, Long.MAX_VALUE, out);
    for (Parent other : List.copyOf(listed.values())) {
      if (other.info.host().equals(host)) {
        drop(other, Long.MAX_VALUE, out);
      }
    }
  }

  /** It does not answer: it is not asked for a while, and then only if it is named again. */
  void leave(Parent parent, long now, List<Action> out) {
    drop(parent, now + LEFT_ALONE, out);
  }

  private void drop(Parent parent, long until, List<Action> out) {
    unwanted.merge(parent.info.peer(), until, Math::max);
    // It may have gone from the list and come back since it was asked.
    Parent present = listed.remove(parent.info.peer());
    if (present != null) {
      unfollow(present, out);
      countHolders();
    }
  }

  List<PeerId> unwanted(long now) {
    unwanted.values().removeIf(until -> until <= now);
    return new ArrayList<>(unwanted.keySet());
  }

  /** How many parents have each piece, or have begun to get it. */
  int[] holders() {
    return holders;
  }

  /** Pieces that some listed parent announced and that may be taken from it. */
  BitSet available(TaskContent content) {
    BitSet union = new BitSet();
    for (Parent parent : listed.values()) {
      BitSet acceptable = (BitSet) parent.announced.clone();
      content.keepAcceptable(acceptable, parent.extension);
      union.or(acceptable);
    }
    return union;
  }

  /** Pieces that parents have, whether they could be verified or not. */
  BitSet announced() {
    BitSet union = new BitSet();
    for (Parent parent : listed.values()) {
      union.or(parent.announced);
    }
    return union;
  }

  /** Whether some parent may still announce something. */
  boolean mayHearMore() {
    return listed.values().stream()
        .anyMatch(parent -> parent.sync != 0 || parent.syncAt != Long.MAX_VALUE);
  }

  /** Whether a parent is followed that did not fail since it was heard last. */
  boolean isFollowing() {
    return listed.values().stream()
        .anyMatch(parent -> parent.sync != 0 && parent.syncFailures == 0);
  }

  long wakeAt(long now) {
    long wake = Long.MAX_VALUE;
    for (Parent parent : listed.values()) {
      if (parent.sync == 0 && parent.syncAt > now) {
        wake = Math.min(wake, parent.syncAt);
      }
      if (parent.pausedUntil > now) {
        wake = Math.min(wake, parent.pausedUntil);
      }
    }
    return wake;
  }

  private void countHolders() {
    Arrays.fill(holders, 0);
    for (Parent parent : listed.values()) {
      BitSet offered = (BitSet) parent.announced.clone();
      offered.or(parent.begun);
      for (int piece = offered.nextSetBit(0);
          piece >= 0 && piece < holders.length;
          piece = offered.nextSetBit(piece + 1)) {
        holders[piece]++;
      }
    }
  }

  private void unfollow(Parent parent, List<Action> out) {
    if (parent.sync != 0) {
      out.add(new Action.Unfollow(parent.sync));
      endSync(parent);
    }
  }

  private void endSync(Parent parent) {
    followed.remove(parent.sync);
    parent.sync = 0;
  }
}
