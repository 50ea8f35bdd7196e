package io.dragonfly.daemon.download;

import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.daemon.link.DownloadRequest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which bytes the origin is asked for first, while nobody knows the content: where the request's
 * range begins, so that what comes is of use.
 *
 * @param length bytes
 */
record FirstLook(long start, long length) {
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d{1,18})-(\\d{0,18})");

  /** As long as the longest block, and a multiple of all that an automatic division has. */
  private static final long BLOCK = PieceLayout.automaticPieceLength(1L << 50) / 64;

  /**
   * From the beginning of a piece, or of a block where blocks will do; then to where the range
   * ends.
   */
  static FirstLook of(DownloadRequest request, boolean byBlocks, long most) {
    Matcher range = RANGE.matcher(request.rangeHeader().orElse("").strip());
    if (!range.lookingAt()) {
      return new FirstLook(0, most);
    }
    long piece = request.pieceLength().orElse(PieceLayout.automaticPieceLength(1L << 50));
    long first = Long.parseLong(range.group(1));
    long begin = first - first % piece;
    if (range.group(2).isEmpty()) {
      return new FirstLook(begin, most);
    }
    long behind = Long.parseLong(range.group(2)) + 1;
    if (!byBlocks) {
      // What nobody wants yet would be cut off on its way, and read again when somebody does.
      return first - begin >= most
          ? new FirstLook(first, 1)
          : new FirstLook(begin, Math.clamp(behind - begin, 1, most));
    }
    long block =
        request.pieceLength().isPresent() ? new PieceLayout(piece, piece).blockLength() : BLOCK;
    long start = begin + (first - begin) / block * block;
    long end = Math.ceilDiv(behind, block) * block;
    return new FirstLook(start, Math.clamp(end - start, 1, most));
  }
}
