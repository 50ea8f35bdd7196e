package io.dragonfly.lab.upstream;

import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.Host;
import io.dragonfly.api.common.v2.Peer;
import io.dragonfly.api.common.v2.SizeScope;
import io.dragonfly.api.common.v2.Task;
import io.dragonfly.api.common.v2.TaskType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A task as the Go scheduler keeps it: its length is what the first registration said (nothing said
 * is 0, an empty task), and its peers form an acyclic graph. Guarded by the scheduler's lock.
 */
final class StandInTask {
  /** States of a peer, with the names that travel on the wire. */
  enum PeerState {
    PENDING("Pending"),
    RECEIVED_EMPTY("ReceivedEmpty"),
    RECEIVED_NORMAL("ReceivedNormal"),
    RUNNING("Running"),
    BACK_TO_SOURCE("BackToSource"),
    SUCCEEDED("Succeeded"),
    FAILED("Failed"),
    LEAVE("Leave");

    private final String text;

    PeerState(String text) {
      this.text = text;
    }

    boolean usable() {
      return this == RUNNING || this == BACK_TO_SOURCE || this == SUCCEEDED;
    }
  }

  /** One peer; its fields change under the scheduler's lock. */
  static final class Member {
    final String id;
    final Host host;
    final Download download;
    final Set<String> blocked = new HashSet<>();
    final Set<Member> parents = new HashSet<>();
    PeerState state = PeerState.PENDING;
    boolean needBackToSource;

    Member(String id, Host host, Download download) {
      this.id = id;
      this.host = host;
      this.download = download;
      blocked.add(id);
    }

    boolean descendsFrom(Member ancestor) {
      return parents.stream()
          .anyMatch(parent -> parent == ancestor || parent.descendsFrom(ancestor));
    }
  }

  private static final int CANDIDATE_PARENT_LIMIT = 3;

  final String id;
  final long contentLength;
  final int pieceCount;
  final Map<String, Member> peers = new LinkedHashMap<>();
  String state = "Pending";

  StandInTask(String id, Download download) {
    this.id = id;
    this.contentLength = download.getActualContentLength();
    this.pieceCount = (int) download.getActualPieceCount();
  }

  boolean hasAvailablePeer(Member asking) {
    return peers.values().stream()
        .anyMatch(peer ->
            peer != asking
                && !peer.host.getId().equals(asking.host.getId())
                && peer.state.usable());
  }

  /** The parents for a child, at most three; their edges replace those that the child had. */
  List<Member> chooseParents(Member child) {
    child.parents.clear();
    List<Member> chosen = new ArrayList<>();
    for (Member peer : peers.values()) {
      if (chosen.size() < CANDIDATE_PARENT_LIMIT && canFeed(peer, child)) {
        chosen.add(peer);
      }
    }
    child.parents.addAll(chosen);
    return chosen;
  }

  private static boolean canFeed(Member peer, Member child) {
    boolean idle =
        peer.host.getType() == 0
            && peer.parents.isEmpty()
            && peer.state != PeerState.BACK_TO_SOURCE
            && peer.state != PeerState.SUCCEEDED;
    return !child.blocked.contains(peer.id)
        && !peer.host.getDisableShared()
        && !peer.host.getId().equals(child.host.getId())
        && !idle
        && peer.state.usable()
        && !peer.descendsFrom(child);
  }

  Peer describe(Member peer) {
    return Peer.newBuilder()
        .setId(peer.id)
        .setPriority(peer.download.getPriority())
        .setCost(Durations.fromMillis(1))
        .setState(peer.state.text)
        .setNeedBackToSource(peer.needBackToSource)
        .setCreatedAt(Timestamps.now())
        .setUpdatedAt(Timestamps.now())
        .setConcurrentPieceCount(8)
        .setTask(describe(peer.download))
        .setHost(peer.host)
        .build();
  }

  Task describe(Download download) {
    return Task.newBuilder()
        .setId(id)
        .setType(TaskType.STANDARD)
        .setUrl(download.getUrl())
        .setContentLength(contentLength)
        .setPieceCount(pieceCount)
        .setSizeScope(contentLength == 0 ? SizeScope.EMPTY : SizeScope.NORMAL)
        .setState(state)
        .setPeerCount(peers.size())
        .setCreatedAt(Timestamps.now())
        .setUpdatedAt(Timestamps.now())
        .build();
  }
}
