package io.dragonfly.scheduler.swarm;

import io.dragonfly.common.id.HostId;
import io.dragonfly.common.id.PeerId;
import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;

/**
 * A peer's first word on a stream.
 *
 * @param session names the stream; never 0, never used twice
 * @param extension true: a peer of ours, which is told what changes; false: an upstream one, which
 *     is answered
 * @param content what the host knows of the content
 * @param pieces verified pieces held
 * @param holderOnly the host has what it has and wants nothing
 * @param piecePort where the host serves pieces; 0: it did not say
 */
public record Registration(
    TaskId task,
    PeerId peer,
    HostId host,
    long session,
    boolean extension,
    DownloadSpec download,
    Optional<ContentInfo> content,
    BitSet pieces,
    Map<Integer, PieceRoot> roots,
    boolean holderOnly,
    int piecePort) {
  public Registration {
    if (session == 0) {
      throw new IllegalArgumentException("session 0 means none");
    }
  }

  /** The same, with the lists that many downloads have alike kept once. */
  Registration sharing(SharedLists lists) {
    return new Registration(
        task,
        peer,
        host,
        session,
        extension,
        download.sharing(lists),
        content,
        pieces,
        roots,
        holderOnly,
        piecePort);
  }
}
