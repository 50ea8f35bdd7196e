package io.dragonfly.daemon.download;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.SwarmOrder;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.transfer.TransferException;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What happens to a download. Numbers name what an {@link Action} began (a link, a sync, a fetch, a
 * read, an epoch of the storage); an event for something that was ended meanwhile is ignored.
 */
public sealed interface Event {
  /**
   * A caller joins.
   *
   * @param byBlocks of a range it is content with the blocks that have bytes of it
   */
  record Attach(long waiter, DownloadRequest request, boolean byBlocks) implements Event {
    public Attach(long waiter, DownloadRequest request) {
      this(waiter, request, false);
    }
  }

  /** A caller leaves, for this reason. */
  record Detach(long waiter, DownloadException why) implements Event {}

  /** A caller passes bytes on in order and needs this piece next. */
  record Reading(long waiter, int piece) implements Event {}

  /** Answer to CheckDigest: the digest of the whole content, or empty when it could not be read. */
  record DigestComputed(Digest expected, Optional<Digest> actual) implements Event {}

  /** Everything stops: the daemon shuts down. */
  record Stop(DownloadException why) implements Event {}

  /** Nothing but time. */
  record Tick() implements Event {}

  // The link to the scheduler.

  record LinkReady(int link, boolean extension) implements Event {}

  record LinkOrder(int link, SwarmOrder order) implements Event {}

  record LinkLost(int link, String why, boolean hostUnknown) implements Event {}

  // Parents.

  record ParentFeatures(int sync, boolean extension) implements Event {}

  record ParentPiece(int sync, int number, String ip, int port) implements Event {}

  /** The parent has begun to get the piece and passes it on block by block. */
  record ParentBegins(int sync, int number, String ip, int port) implements Event {}

  record ParentEnded(int sync) implements Event {}

  record ParentFailed(int sync, String why) implements Event {}

  /** The fetch left the queue and asks its parent now. */
  record FetchStarted(long fetch) implements Event {}

  /** More bytes of the piece arrived. */
  record FetchProgress(long fetch, long bytes) implements Event {}

  /**
   * The piece is stored.
   *
   * @param waitNanos from the request to its first bytes; 0 when that is not known
   */
  record FetchDone(long fetch, StoredPiece piece, long waitNanos) implements Event {
    public FetchDone(long fetch, StoredPiece piece) {
      this(fetch, piece, 0);
    }
  }

  /** Blocks of a piece that is not whole yet are stored and verified. */
  record BlocksFetched(long fetch, int piece, BlockSet blocks) implements Event {}

  record FetchFailed(long fetch, TransferException.Reason reason, String text) implements Event {}

  record TinyStored(int epoch, StoredPiece piece) implements Event {}

  record TinyFailed(int epoch) implements Event {}

  // The origin.

  /**
   * What the origin said; the answer's body waits for TakeAnswer, TakeStream or StopRead.
   *
   * @param length of the whole content, if the origin tells
   */
  record OriginHead(
      long read, OptionalLong length, String version, Map<String, String> headers, boolean ranged)
      implements Event {}

  /**
   * Bytes were read.
   *
   * @param piece the piece that is being written, or -1: bytes that are skipped, or of content that
   *     is divided when it is whole
   * @param held bytes of that piece that are stored by now, those of an earlier read included
   */
  record OriginBytes(long read, long bytes, int piece, long held) implements Event {
    /** Bytes of no piece in particular. */
    public OriginBytes(long read, long bytes) {
      this(read, bytes, -1, 0);
    }
  }

  record OriginPiece(long read, StoredPiece piece) implements Event {}

  /** Blocks of a piece that is not whole yet are stored. */
  record OriginBlocks(long read, int piece, BlockSet blocks) implements Event {}

  /** The read came to the end of what it was to read; what it did not finish is free again. */
  record OriginEnded(long read) implements Event {}

  /** Content of unknown length came to its end; it is stored whole, with this content. */
  record OriginStored(long read, ContentInfo content, List<StoredPiece> pieces) implements Event {}

  record OriginBroke(long read, OriginProblem problem) implements Event {}

  // The storage.

  /**
   * Answer to OpenTask, and the first event where the host holds something already.
   *
   * @param parts blocks of pieces that are not whole
   */
  record TaskOpened(
      int epoch,
      ContentInfo content,
      BitSet pieces,
      Map<Integer, PieceRoot> roots,
      Map<Integer, BlockSet> parts)
      implements Event {
    public TaskOpened(
        int epoch, ContentInfo content, BitSet pieces, Map<Integer, PieceRoot> roots) {
      this(epoch, content, pieces, roots, Map.of());
    }
  }

  record TaskRefused(int epoch, boolean noSpace, String text) implements Event {}

  /** The disk failed, or is full, while a piece was written. */
  record StorageFailed(int epoch, boolean noSpace, String text) implements Event {}

  /** There is no room for what is missing of a caller's part; what is held stays. */
  record SpaceRefused(int epoch, long waiter, boolean noSpace, String text) implements Event {}

  /** Somebody deleted the task from this host. */
  record TaskDeleted(int epoch) implements Event {}
}
