package io.dragonfly.daemon.rpc;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.daemon.storage.StoredPiece;
import io.dragonfly.daemon.storage.TrafficType;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Pieces for tests. */
final class Pieces {
  static final long LENGTH = 4 << 20;

  private Pieces() {}

  static StoredPiece fromOrigin(int number) {
    return piece(number, TrafficType.BACK_TO_SOURCE, "");
  }

  static StoredPiece fromParent(int number, String parent) {
    return piece(number, TrafficType.REMOTE_PEER, parent);
  }

  private static StoredPiece piece(int number, TrafficType type, String parent) {
    return new StoredPiece(
        number,
        number * LENGTH,
        LENGTH,
        Digest.crc32(7),
        Optional.empty(),
        type,
        parent,
        Duration.ofMillis(3),
        Instant.ofEpochSecond(1_800_000_000));
  }
}
