package io.dragonfly.common.piece;

/**
 * How a content of known length is divided. Piece n begins at n times the piece length; the last
 * one is what remains; an empty content has none. A piece is divided into at most 64 blocks, again
 * all of one length but the last. Lengths and offsets are bytes; asking for a piece or block that
 * there is not is an {@link IllegalArgumentException}.
 *
 * @param contentLength at least 0
 * @param pieceLength at least 1; and long enough that there are no more than {@value #MAX_PIECES}
 *     pieces
 */
public record PieceLayout(long contentLength, long pieceLength) {
  public static final int MAX_PIECES = 1 << 20;
  public static final int MAX_BLOCKS = 64;
  public static final long MIN_BLOCK_LENGTH = 64 * 1024;

  private static final long MIN_AUTOMATIC = 4L << 20;
  private static final long MAX_AUTOMATIC = 64L << 20;
  private static final int AUTOMATIC_PIECES = 500;

  /** Throws {@link IllegalArgumentException} that says which bound is broken. */
  public PieceLayout {
    if (contentLength < 0) {
      throw new IllegalArgumentException("content length " + contentLength + " is negative");
    }
    if (pieceLength < 1) {
      throw new IllegalArgumentException(
          "piece length " + pieceLength + " is not valid: it must be at least 1");
    }
    if (Math.ceilDiv(contentLength, pieceLength) > MAX_PIECES) {
      throw new IllegalArgumentException(
          "content of "
              + contentLength
              + " bytes has more than "
              + MAX_PIECES
              + " pieces of "
              + pieceLength
              + " bytes: choose a greater piece length");
    }
  }

  /** With the piece length that every peer chooses when the user says nothing. */
  public static PieceLayout automatic(long contentLength) {
    return new PieceLayout(contentLength, automaticPieceLength(contentLength));
  }

  /**
   * A five-hundredth of the content, raised to a power of two, from 4 MiB to 64 MiB. Peers
   * calculate it independently and must agree: the division is one of doubles, as upstream's.
   */
  public static long automaticPieceLength(long contentLength) {
    long share = (long) ((double) contentLength / AUTOMATIC_PIECES);
    if (share >= MAX_AUTOMATIC) {
      return MAX_AUTOMATIC;
    }
    long power = share <= 1 ? 1 : Long.highestOneBit(share - 1) << 1;
    return Math.max(power, MIN_AUTOMATIC);
  }

  public int pieceCount() {
    return (int) Math.ceilDiv(contentLength, pieceLength);
  }

  /** Where the piece begins in the content. */
  public long offset(int piece) {
    check(piece);
    return piece * pieceLength;
  }

  public long length(int piece) {
    return Math.min(pieceLength, contentLength - offset(piece));
  }

  public ByteRange range(int piece) {
    return new ByteRange(offset(piece), length(piece));
  }

  /** The piece that holds a byte of the content. */
  public int pieceAt(long position) {
    if (position < 0 || position >= contentLength) {
      throw new IllegalArgumentException(
          "position " + position + " is outside the content of " + contentLength + " bytes");
    }
    return (int) (position / pieceLength);
  }

  /** The first piece that has bytes of the range; the range must begin inside the content. */
  public int firstPiece(ByteRange range) {
    return pieceAt(range.start());
  }

  /**
   * The last piece that has bytes of the range; a range that goes beyond the content ends with it.
   */
  public int lastPiece(ByteRange range) {
    int first = firstPiece(range);
    return Math.max(first, pieceAt(Math.min(range.endExclusive(), contentLength) - 1));
  }

  /**
   * The same for all blocks of a task but the last of each piece: a 64th of the piece length, at
   * least 64 KiB.
   */
  public long blockLength() {
    return Math.max(MIN_BLOCK_LENGTH, Math.ceilDiv(pieceLength, MAX_BLOCKS));
  }

  /** 1 to 64. */
  public int blockCount(int piece) {
    return (int) Math.ceilDiv(length(piece), blockLength());
  }

  /** Where the block begins in its piece. */
  public long blockOffset(int piece, int block) {
    if (block < 0 || block >= blockCount(piece)) {
      throw new IllegalArgumentException(
          "piece " + piece + " has no block " + block + ": it has " + blockCount(piece));
    }
    return block * blockLength();
  }

  public long blockLength(int piece, int block) {
    return Math.min(blockLength(), length(piece) - blockOffset(piece, block));
  }

  /** All blocks of a piece. */
  public BlockSet blocks(int piece) {
    return BlockSet.between(0, blockCount(piece));
  }

  /** The blocks of a piece that have bytes of the range, which may go beyond the piece. */
  public BlockSet blocks(int piece, ByteRange range) {
    long from = Math.max(range.start() - offset(piece), 0);
    long to = Math.min(range.endExclusive() - offset(piece), length(piece));
    return from >= to
        ? BlockSet.NONE
        : BlockSet.between((int) (from / blockLength()), (int) Math.ceilDiv(to, blockLength()));
  }

  /** Bytes of these blocks of a piece. */
  public long bytes(int piece, BlockSet blocks) {
    int last = blockCount(piece) - 1;
    long whole = blocks.count() * blockLength();
    return blocks.has(last) ? whole - blockLength() + blockLength(piece, last) : whole;
  }

  private void check(int piece) {
    if (piece < 0 || piece >= pieceCount()) {
      throw new IllegalArgumentException(
          "there is no piece " + piece + ": the content has " + pieceCount() + " pieces");
    }
  }
}
