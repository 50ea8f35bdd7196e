package io.dragonfly.dist;

import io.dragonfly.common.digest.Sha256;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;

/**
 * Content that is nowhere stored: its bytes follow from their position. Eight bytes at a time are
 * the SplitMix64 sequence (Steele, Lea, Flood 2014), of which any element can be had directly; it
 * does not compress and no two parts are alike, so a piece in a wrong place shows.
 *
 * @param seed picks the content
 * @param length bytes
 */
record DemoContent(long seed, long length) {
  private static final long GAMMA = 0x9e3779b97f4a7c15L;
  private static final int BUFFER = 1 << 20;

  DemoContent {
    if (length < 0) {
      throw new IllegalArgumentException("a length cannot be negative: " + length);
    }
  }

  /** Fills {@code target} with the bytes from {@code offset} on, as far as there are any. */
  void read(long offset, ByteBuffer target) {
    long position = offset;
    ByteBuffer out = target.order(ByteOrder.LITTLE_ENDIAN);
    int count = (int) Math.min(out.remaining(), length - offset);
    int end = out.position() + count;
    while (out.position() < end) {
      if ((position & 7) == 0 && end - out.position() >= 8) {
        out.putLong(word(position >>> 3));
        position += 8;
      } else {
        out.put((byte) (word(position >>> 3) >>> ((position & 7) << 3)));
        position++;
      }
    }
  }

  private long word(long index) {
    long z = seed + (index + 1) * GAMMA;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** The SHA-256 of the whole, in hex. */
  String sha256() {
    MessageDigest digest = Sha256.begin();
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    for (long position = 0; position < length; position += buffer.limit()) {
      buffer.clear();
      read(position, buffer);
      digest.update(buffer.flip());
    }
    return Sha256.hex(digest);
  }

  String etag() {
    return "\"" + Long.toHexString(seed) + "-" + length + "\"";
  }
}
