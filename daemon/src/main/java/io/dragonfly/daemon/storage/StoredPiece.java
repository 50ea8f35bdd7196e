package io.dragonfly.daemon.storage;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.PieceRoot;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * A finished piece. {@code root} is present when its block hashes are known (integrity by blocks);
 * without it the CRC32 alone vouches for the bytes. {@code parentId} is empty when they came from
 * the origin.
 */
public record StoredPiece(
    int number,
    long offset,
    long length,
    Digest crc32,
    Optional<PieceRoot> root,
    TrafficType trafficType,
    String parentId,
    Duration cost,
    Instant createdAt) {
  public StoredPiece {
    if (number < 0 || offset < 0 || length < 0) {
      throw new IllegalArgumentException(
          "piece " + number + " at " + offset + " of " + length + " bytes");
    }
    Objects.requireNonNull(crc32);
    Objects.requireNonNull(root);
    Objects.requireNonNull(trafficType);
    Objects.requireNonNull(parentId);
    Objects.requireNonNull(cost);
    Objects.requireNonNull(createdAt);
  }

  static StoredPiece of(JournalRecord.Piece record, PieceLayout layout) {
    return new StoredPiece(
        record.number(),
        layout.offset(record.number()),
        layout.length(record.number()),
        Digest.crc32(Integer.toUnsignedLong(record.crc())),
        record.hashes().map(BlockHashes::root),
        record.trafficType(),
        record.parentId(),
        record.cost(),
        record.createdAt());
  }
}
