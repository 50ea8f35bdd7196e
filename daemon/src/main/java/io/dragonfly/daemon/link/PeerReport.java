package io.dragonfly.daemon.link;

import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.common.piece.TinyContent;
import io.dragonfly.daemon.storage.StoredPiece;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/** What a peer tells the scheduler about its part in a task. */
public sealed interface PeerReport {
  /**
   * The first report on every link.
   *
   * @param content what this host knows of the content; always present towards a Go scheduler
   * @param pieces verified pieces that are held
   * @param roots roots known for pieces that are held
   * @param holderOnly nothing is wanted: this host has all of it and wants to be known for that
   */
  record Register(
      PeerId peer,
      DownloadRequest request,
      Optional<ContentInfo> content,
      BitSet pieces,
      Map<Integer, PieceRoot> roots,
      boolean holderOnly)
      implements PeerReport {
    public Register {
      pieces = (BitSet) pieces.clone();
      roots = Collections.unmodifiableMap(new TreeMap<>(roots));
    }

    @Override
    public BitSet pieces() {
      return (BitSet) pieces.clone();
    }
  }

  /** What the origin said; sent by whoever looked. Another version makes the one before void. */
  record ContentLearned(ContentInfo content) implements PeerReport {}

  /** Pieces that were stored and verified; those read at the origin carry their roots. */
  record PiecesDone(List<StoredPiece> pieces) implements PeerReport {
    public PiecesDone {
      pieces = List.copyOf(pieces);
    }
  }

  /** A piece could not be had from a parent. */
  record PieceFailed(int number, PeerId parent, FailureReason reason, String text)
      implements PeerReport {}

  /** This peer can't go on with the parents it has, and will not ask the unwanted ones again. */
  record ParentsWanted(List<PeerId> unwanted, String text) implements PeerReport {
    public ParentsWanted {
      unwanted = List.copyOf(unwanted);
    }
  }

  /** All bytes of a tiny content, for the scheduler to hand out; after its piece was reported. */
  record Tiny(TinyContent content) implements PeerReport {}

  /** Bytes read at the origin so far: keeps a lease alive between pieces. */
  record OriginProgress(long bytes) implements PeerReport {}

  /**
   * The origin could not be read; the lease goes back to the scheduler.
   *
   * @param tried whether the origin was asked, with the headers that this peer registered; else
   *     this says nothing of it to others
   * @param status of its answer, when there was one
   */
  record OriginFailed(
      boolean tried, OptionalInt status, Map<String, String> headers, String message)
      implements PeerReport {
    public OriginFailed {
      headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
    }

    /** What came of asking it. */
    public static OriginFailed found(
        OptionalInt status, Map<String, String> headers, String message) {
      return new OriginFailed(true, status, headers, message);
    }

    /** It was not asked, or not with the headers that others know of. */
    public static OriginFailed untried(String message) {
      return new OriginFailed(false, OptionalInt.empty(), Map.of(), message);
    }
  }

  /** Everything wanted is held. The last report. */
  record Finished() implements PeerReport {}

  /** The download ends without its content. The last report. */
  record Failed(String description) implements PeerReport {}

  /** Why a parent did not give a piece. */
  enum FailureReason {
    UNREACHABLE,
    STALLED,
    MISSING,
    /** The bytes did not match the root, or without a root the checksum. */
    CORRUPT
  }
}
