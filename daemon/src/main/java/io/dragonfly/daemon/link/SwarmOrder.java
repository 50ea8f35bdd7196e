package io.dragonfly.daemon.link;

import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.common.piece.TinyContent;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/** What the scheduler tells a peer to do; obeyed at once. */
public sealed interface SwarmOrder {
  /** What the content is. Another version makes the one before void. */
  record Content(ContentInfo content) implements SwarmOrder {}

  /** The whole set of parents that may be used from now on. */
  record Parents(List<ParentInfo> parents) implements SwarmOrder {
    public Parents {
      parents = List.copyOf(parents);
    }
  }

  /**
   * Read the origin.
   *
   * @param heldByPeers pieces that some live peer holds: those come from parents
   */
  record GoToOrigin(String why, BitSet heldByPeers) implements SwarmOrder {
    public GoToOrigin {
      heldByPeers = (BitSet) heldByPeers.clone();
    }

    @Override
    public BitSet heldByPeers() {
      return (BitSet) heldByPeers.clone();
    }
  }

  /** Stop reading the origin; pieces already read stay valid. */
  record LeaveOrigin(String why) implements SwarmOrder {}

  /** New roots of the task's pieces, by piece number. */
  record Roots(Map<Integer, PieceRoot> roots) implements SwarmOrder {
    public Roots {
      roots = Collections.unmodifiableMap(new TreeMap<>(roots));
    }
  }

  /** All bytes of the content; to be compared with the root that came before. */
  record Tiny(TinyContent content) implements SwarmOrder {}

  /** The origin refused the leaseholder for good and would refuse this peer as well. */
  record OriginRefused(OptionalInt status, Map<String, String> headers, String message)
      implements SwarmOrder {
    public OriginRefused {
      headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
    }
  }

  /** The content has no bytes. */
  record Empty() implements SwarmOrder {}

  /** A Go scheduler accepted a holder that wants nothing. */
  record MetadataOnly() implements SwarmOrder {}

  /** The scheduler ended the conversation; the link is lost with it. */
  record Ended(String code, String text) implements SwarmOrder {}
}
