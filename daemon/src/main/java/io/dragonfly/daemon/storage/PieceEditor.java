package io.dragonfly.daemon.storage;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.PieceRoot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/**
 * Writes one piece, from the first missing block to its end. There is at most one editor per piece;
 * nobody sees what it writes before {@link #commit}, unless it was {@linkplain #share shared}.
 * Owned by one thread at a time.
 */
public interface PieceEditor extends AutoCloseable {
  int number();

  /** Bytes of the whole piece. */
  long length();

  /**
   * The block that the next editor or transfer has to begin with: blocks before it were verified
   * against {@link #hashes()} by this or an earlier editor. Equals the block count when only {@link
   * #commit} is missing.
   */
  int firstMissingBlock();

  /** Where in the piece the next written byte goes. */
  long position();

  /** The hashes that blocks are verified against, if known. */
  Optional<BlockHashes> hashes();

  /**
   * From now on every block must match. Only before the first write; blocks that an earlier editor
   * verified against other hashes are forgotten.
   *
   * @throws IllegalArgumentException when the number of hashes isn't the number of blocks
   */
  void expect(BlockHashes rootVerified);

  /**
   * Saves the SHA-256 of the blocks: the piece will be vouched for by its CRC32 alone. Only before
   * the first write, and without effect when hashes are expected.
   */
  void skipBlockHashes();

  /**
   * Lets others read the verified blocks while the rest comes in. Only when the expected hashes
   * belong to a root that somebody who read the origin vouches for; has no effect without hashes.
   */
  void share();

  /**
   * Lets readers of this host have the bytes as they come, while {@link StoredTask#viewOrRelay}
   * does not know of them: for bytes that the origin itself gives. Idempotent; has no effect once
   * shared.
   */
  void lend();

  /**
   * Appends; consumes the whole buffer unless it throws.
   *
   * @throws CorruptPieceException when a block differs from the expected hash; that block isn't
   *     kept
   * @throws NoSpaceException when the disk is full
   * @throws IllegalArgumentException when there are more bytes than the piece has
   */
  void write(ByteBuffer source) throws CorruptPieceException, IOException;

  /**
   * Makes the piece visible. All bytes must have been written. Its root is kept when it is the
   * expected one, or when the bytes came from the origin.
   *
   * @param parentId the peer it came from; empty for the origin
   * @throws CorruptPieceException when root or checksum differ: nothing of the piece is kept
   */
  StoredPiece commit(
      Optional<PieceRoot> expectedRoot,
      Optional<Digest> expectedCrc32,
      TrafficType trafficType,
      String parentId,
      Duration cost)
      throws CorruptPieceException, IOException;

  /**
   * Gives the piece up unless committed; blocks verified against hashes stay for the next editor.
   */
  @Override
  void close();
}
