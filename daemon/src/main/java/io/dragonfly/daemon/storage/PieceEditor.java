package io.dragonfly.daemon.storage;

import io.dragonfly.common.digest.Digest;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.BlockSet;
import io.dragonfly.common.piece.PieceRoot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/**
 * Writes one piece, by default from the first missing block to its end. There is at most one editor
 * per piece; nobody sees what it writes before {@link #commit}, unless it was {@linkplain #share
 * shared}. Owned by one thread at a time.
 */
public interface PieceEditor extends AutoCloseable {
  int number();

  /** Bytes of the whole piece. */
  long length();

  /**
   * What is still to be written: not the blocks that are verified, or whole and not compared yet,
   * by this or an earlier editor. None when only {@link #commit} is missing.
   */
  BlockSet missingBlocks();

  /** Where in the piece the next written byte goes; its length when no block is missing. */
  long position();

  /** Bytes that may be written from the position on: up to a block that is there, or the end. */
  long missing();

  /**
   * The next written byte is the first of this block, or of the next missing one. What was written
   * of a block that is not whole is void.
   */
  void moveTo(int block);

  /** The hashes that blocks are verified against, if known. */
  Optional<BlockHashes> hashes();

  /**
   * From now on every block must match. Only before the first write; blocks of an earlier editor
   * that do not are forgotten.
   *
   * @throws IllegalArgumentException when the number of hashes isn't the number of blocks
   */
  void expect(BlockHashes rootVerified);

  /**
   * All comes from somebody else now, who answers for it; what comes where the origin gave a block
   * before must be the same, for readers may have that open. Only before the first write, and
   * without effect when hashes are expected.
   *
   * @param withRoot false saves the SHA-256 of the blocks: the piece will be vouched for by its
   *     CRC32 alone
   */
  void startOver(boolean withRoot);

  /**
   * Lets others read the verified blocks while the rest comes in. Only when the expected hashes
   * belong to a root that somebody who read the origin vouches for; has no effect without hashes.
   */
  void share();

  /**
   * Lets readers of this host have the bytes, while {@link StoredTask#viewOrRelay} does not know of
   * them: verified blocks where hashes are expected; else bytes as they come, which must be those
   * that the origin itself gives, and whose whole blocks stay when the piece is given up.
   * Idempotent; has no effect once shared.
   */
  void lend();

  /**
   * Appends; consumes the whole buffer unless it throws.
   *
   * @throws CorruptPieceException when a block differs from the expected hash; that block isn't
   *     kept
   * @throws NoSpaceException when the disk is full
   * @throws IllegalArgumentException when there are more bytes than are {@link #missing()}
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
   * Gives the piece up unless committed; blocks that were verified, or come from the origin, stay
   * for readers of this host and the next editor.
   */
  @Override
  void close();
}
