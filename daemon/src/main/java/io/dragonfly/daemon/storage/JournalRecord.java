package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.ContentInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** What a {@link TaskJournal} holds; {@link JournalFormat} says how it is written. */
sealed interface JournalRecord {

  /** Always the first record. */
  record Header(TaskKey key, ContentInfo content, TaskOrigin origin, Instant createdAt)
      implements JournalRecord {}

  /** Replaces the header's content: the length became known. */
  record Content(ContentInfo content) implements JournalRecord {}

  /**
   * A finished piece.
   *
   * @param session in which its bytes were written
   * @param crc of the whole piece
   * @param hashes empty when only the CRC32 is known
   */
  record Piece(
      int number,
      long session,
      int crc,
      TrafficType trafficType,
      String parentId,
      Duration cost,
      Instant createdAt,
      Optional<BlockHashes> hashes)
      implements JournalRecord {}

  /**
   * The first blocks of an unfinished piece, verified against the hashes.
   *
   * @param crc of those blocks together
   */
  record Partial(int number, long session, int blocks, int crc, BlockHashes hashes)
      implements JournalRecord {}

  /** A piece that was in doubt after an unclean stop has been read and is right. */
  record Verified(int number, long session) implements JournalRecord {}

  /** A piece is no longer there. */
  record Dropped(int number) implements JournalRecord {}

  /** When the task last failed, and when it was prefetched, if ever. */
  record Marks(Optional<Instant> failedAt, Optional<Instant> prefetchedAt)
      implements JournalRecord {}
}
