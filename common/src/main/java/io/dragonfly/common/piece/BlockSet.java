package io.dragonfly.common.piece;

/**
 * Some of the blocks of one piece, of which there are at most {@value PieceLayout#MAX_BLOCKS}.
 *
 * @param bits block n is bit n
 */
public record BlockSet(long bits) {
  public static final BlockSet NONE = new BlockSet(0);

  /** The blocks from {@code first} to before {@code end}, which is at most 64. */
  public static BlockSet between(int first, int end) {
    if (first < 0 || end > PieceLayout.MAX_BLOCKS) {
      throw new IllegalArgumentException("there are no blocks " + first + " to " + end);
    }
    return first >= end ? NONE : new BlockSet((-1L >>> (64 - (end - first))) << first);
  }

  public boolean isEmpty() {
    return bits == 0;
  }

  public int count() {
    return Long.bitCount(bits);
  }

  public boolean has(int block) {
    return (bits >>> block & 1) != 0;
  }

  public boolean hasAll(BlockSet others) {
    return (others.bits & ~bits) == 0;
  }

  public BlockSet with(int block) {
    return new BlockSet(bits | 1L << block);
  }

  public BlockSet and(BlockSet others) {
    return new BlockSet(bits & others.bits);
  }

  public BlockSet or(BlockSet others) {
    return new BlockSet(bits | others.bits);
  }

  public BlockSet without(BlockSet others) {
    return new BlockSet(bits & ~others.bits);
  }

  /** The first one; 64 when there is none. */
  public int first() {
    return Long.numberOfTrailingZeros(bits);
  }

  /** Behind the last one; 0 when there is none. */
  public int end() {
    return 64 - Long.numberOfLeadingZeros(bits);
  }

  /** The first block at or after this one, of 0 to 63, that is not in the set; 64 if all are. */
  public int endOfRun(int from) {
    return Math.min(64, from + Long.numberOfTrailingZeros(~(bits >>> from)));
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("blocks");
    for (int from = first(); from < 64; from = without(between(0, endOfRun(from))).first()) {
      int last = endOfRun(from) - 1;
      text.append(' ').append(from).append(last > from ? "-" + last : "");
      if (last == 63) {
        break;
      }
    }
    return text.toString();
  }
}
