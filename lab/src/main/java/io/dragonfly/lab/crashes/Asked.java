package io.dragonfly.lab.crashes;

import io.dragonfly.lab.origin.LabOrigin;
import java.util.BitSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a request asks of a content, from byte {@code start} to before {@code end}. */
record Asked(long start, long end) {
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d*)");

  static Asked of(LabOrigin.Request request, long length) {
    Matcher range = RANGE.matcher(request.headers().getOrDefault("range", ""));
    if (!range.matches()) {
      return new Asked(0, length);
    }
    long last = range.group(2).isEmpty() ? length - 1 : Long.parseLong(range.group(2));
    return new Asked(Long.parseLong(range.group(1)), Math.min(length, last + 1));
  }

  /** Whether it asks for a byte of one of these pieces. */
  boolean touches(BitSet pieces, long pieceLength) {
    int next = pieces.nextSetBit((int) (start / pieceLength));
    return start < end && next >= 0 && next * pieceLength < end;
  }
}
