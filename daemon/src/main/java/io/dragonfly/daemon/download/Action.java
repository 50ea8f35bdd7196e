package io.dragonfly.daemon.download;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceRoot;
import io.dragonfly.common.piece.TinyContent;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.link.ParentInfo;
import io.dragonfly.daemon.link.PeerReport;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;

/** What a download wants done, in order. Results come back as {@link Event}s. */
public sealed interface Action {
  record OpenLink(int link) implements Action {}

  record Send(int link, PeerReport report) implements Action {}

  record CloseLink(int link) implements Action {}

  /** Make room for this content; an earlier version on this host goes. */
  record OpenTask(int epoch, ContentInfo content) implements Action {}

  /** The task goes from this host's cache; who still reads it reads on. */
  record DropTask(int epoch) implements Action {}

  record Follow(int sync, ParentInfo parent, BitSet interested) implements Action {}

  record Unfollow(int sync) implements Action {}

  /**
   * Fetch one piece from one parent, or some of its blocks; ends with FetchDone, BlocksFetched or
   * FetchFailed, also after AbortFetch.
   *
   * @param blocks empty for all that are missing
   */
  record Fetch(
      long fetch,
      int piece,
      ParentInfo parent,
      String ip,
      int port,
      boolean extension,
      Optional<PieceRoot> root,
      Optional<BlockSet> blocks)
      implements Action {}

  /**
   * Store these bytes as the only piece, proven by this root; ends with TinyStored or TinyFailed.
   */
  record StoreTiny(int epoch, TinyContent content, PieceRoot root) implements Action {}

  record AbortFetch(long fetch) implements Action {}

  /**
   * Ask the origin, without expecting anything; OriginHead says what it answered.
   *
   * @param length bytes asked for, or 0 for the whole content without a range
   */
  record LookAtOrigin(long read, DownloadRequest request, long start, long length)
      implements Action {}

  /**
   * Read on after a look, and store these pieces of the epoch's task.
   *
   * @param parts of pieces that the answer does not bring whole, the blocks that are to be stored
   */
  record TakeAnswer(long read, int epoch, BitSet pieces, Map<Integer, BlockSet> parts)
      implements Action {}

  /** Read on after a look to the end, whose place is unknown, and store all of it. */
  record TakeStream(long read, int epoch, long requestedPieceLength) implements Action {}

  /**
   * Read these consecutive pieces at the origin.
   *
   * @param part empty for all of them; else the blocks in a row of the one piece that are to be
   *     read
   */
  record ReadOrigin(
      long read,
      int epoch,
      DownloadRequest request,
      ContentInfo expected,
      int first,
      int last,
      Optional<BlockSet> part)
      implements Action {}

  record StopRead(long read) implements Action {}

  // Answers to callers.

  record Started(long waiter, int epoch, Optional<ByteRange> wanted, long cached)
      implements Action {}

  record PieceHeld(long waiter, int epoch, int piece, ByteSource source) implements Action {}

  /** All that the caller wants of a piece that is not whole. */
  record PartHeld(long waiter, int epoch, int piece, ByteSource source) implements Action {}

  /** A piece came into this host, whoever waits for it. */
  record Arrived(ByteSource source, long bytes) implements Action {}

  record Progress(long waiter, ByteCounts bytes) implements Action {}

  record CheckDigest(int epoch, Digest expected) implements Action {}

  record Finished(long waiter, DownloadSummary summary) implements Action {}

  record Failed(long waiter, DownloadException failure) implements Action {}

  /** The last action: nothing is left to do. */
  record Done() implements Action {}
}
