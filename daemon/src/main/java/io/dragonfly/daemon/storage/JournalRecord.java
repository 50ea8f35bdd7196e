package io.dragonfly.daemon.storage;

import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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
   * Blocks of an unfinished piece.
   *
   * @param crcs of those blocks, in order
   * @param hashes of all blocks, proven by the piece's root; or of those that the origin gave, and
   *     zeros for the others
   * @param rooted which of the two
   */
  record Partial(
      int number,
      long session,
      BlockSet blocks,
      List<Integer> crcs,
      BlockHashes hashes,
      boolean rooted)
      implements JournalRecord {
    public Partial {
      crcs = List.copyOf(crcs);
    }

    /**
     * @param hasher has hashed the blocks
     * @param rooted the hashes of all blocks, if the piece's root proved them
     */
    static Partial of(
        int number,
        long session,
        BlockSet blocks,
        BlockHasher hasher,
        PieceLayout layout,
        @Nullable BlockHashes rooted) {
      int count = layout.blockCount(number);
      List<Integer> crcs = new ArrayList<>();
      ByteBuffer hashes = ByteBuffer.allocate(count * BlockHashes.HASH_LENGTH);
      for (int block = 0; block < count; block++) {
        if (blocks.has(block)) {
          crcs.add(hasher.crc(block));
          hashes.put(block * BlockHashes.HASH_LENGTH, hasher.hash(block));
        }
      }
      return new Partial(
          number,
          session,
          blocks,
          crcs,
          rooted == null ? BlockHashes.of(hashes.array()) : rooted,
          rooted != null);
    }

    /** Without the others of its blocks. */
    Partial keeping(BlockSet right, long inSession) {
      List<Integer> left = new ArrayList<>();
      int next = 0;
      for (int block = blocks.first(); block < blocks.end(); block++) {
        if (blocks.has(block)) {
          int crc = crcs.get(next++);
          if (right.has(block)) {
            left.add(crc);
          }
        }
      }
      return new Partial(number, inSession, right, left, hashes, rooted);
    }
  }

  /** A piece that was in doubt after an unclean stop has been read and is right. */
  record Verified(int number, long session) implements JournalRecord {}

  /** A piece is no longer there. */
  record Dropped(int number) implements JournalRecord {}

  /** When the task last failed, and when it was prefetched, if ever. */
  record Marks(Optional<Instant> failedAt, Optional<Instant> prefetchedAt)
      implements JournalRecord {}
}
