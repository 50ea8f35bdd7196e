package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.ByteRange;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.StoredTask;
import java.util.Optional;

/**
 * What a caller hears of its download: started, then pieces and progress in any order, then exactly
 * one of finished and failed. Called on the download's own thread, one call at a time; must not
 * block for long. An exception thrown here cancels this caller's download only.
 */
public interface DownloadListener {
  /**
   * Whether what is heard leads anybody to bytes of the content; false for who only counts them.
   */
  default boolean givesBytes() {
    return true;
  }

  /**
   * Whether of a range the blocks that have bytes of it will do, which are read by {@link
   * StoredTask#viewForThisHost}; else the caller gets whole pieces.
   */
  default boolean takesBlocks() {
    return false;
  }

  /**
   * What the content is and where it is being stored. Called again when the origin's content
   * changed midway: everything heard before is void then, and a listener that passed bytes on must
   * give up.
   */
  default void started(Started started) {}

  /** A piece that this caller wants is stored and verified. */
  default void pieceFinished(StoredPiece piece, ByteSource source) {}

  /**
   * All that this caller wants of a piece is stored and verified, though the piece is not whole;
   * for those that {@linkplain #takesBlocks() take blocks}.
   */
  default void partFinished(int piece, ByteSource source) {}

  /**
   * Bytes of this caller's wish that have arrived, pieces under way included; a few times a second.
   */
  default void progress(ByteCounts bytes) {}

  void finished(DownloadSummary summary);

  void failed(DownloadException failure);

  /**
   * What is being downloaded.
   *
   * @param content its length is known
   * @param wanted the part asked for; empty when the content has no bytes
   * @param task stays readable while the download runs; a caller that needs it longer pins it
   * @param cached bytes of what is wanted that were on this host already
   */
  record Started(ContentInfo content, Optional<ByteRange> wanted, StoredTask task, long cached) {
    /** Whether everything wanted was on this host already. */
    public boolean fromCache() {
      return cached == wanted.map(ByteRange::length).orElse(0L);
    }
  }
}
