package io.dragonfly.common.digest;

import java.nio.ByteBuffer;

/**
 * A checksum with its algorithm, as text {@code algorithm:encoded}.
 *
 * <pre>
 * crc32:&lt;decimal, 0 to 4294967295&gt;   any number of leading zeros is read; none is written
 * md5:&lt;32 hex&gt;  sha1:&lt;40 hex&gt;  sha256:&lt;64 hex&gt;  sha512:&lt;128 hex&gt;   either case is read; lower case is written
 * </pre>
 */
public record Digest(Algorithm algorithm, String encoded) {

  /** Feeds bytes in, gives a digest out. Belongs to one thread. */
  public interface Calculator {
    /** Takes all remaining bytes of the buffer. */
    void update(ByteBuffer bytes);

    /** The digest of all bytes so far; the calculator starts anew. */
    Digest result();
  }

  /** Throws {@link IllegalArgumentException} when the encoded part does not fit the algorithm. */
  public Digest {
    encoded = algorithm.canonical(encoded);
  }

  /** Throws {@link IllegalArgumentException} that says what is allowed. */
  public static Digest parse(String text) {
    int colon = text.indexOf(':');
    if (colon > 0) {
      String name = text.substring(0, colon);
      for (Algorithm algorithm : Algorithm.values()) {
        if (algorithm.text().equals(name)) {
          return new Digest(algorithm, text.substring(colon + 1));
        }
      }
    }
    throw new IllegalArgumentException(
        "digest '"
            + Algorithm.shortened(text)
            + "' is not valid: write crc32:<decimal>, sha256:<64 hex> or sha512:<128 hex>");
  }

  /** A CRC-32 (IEEE) as {@link java.util.zip.CRC32} gives it: 0 to 2^32 - 1. */
  public static Digest crc32(long value) {
    return new Digest(Algorithm.CRC32, Long.toString(value));
  }

  /** A calculator of the same algorithm, to be compared with this. */
  public Calculator newCalculator() {
    return algorithm.newCalculator();
  }

  @Override
  public String toString() {
    return algorithm.text() + ":" + encoded;
  }
}
