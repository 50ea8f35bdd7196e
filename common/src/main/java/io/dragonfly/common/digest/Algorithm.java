package io.dragonfly.common.digest;

import java.util.Locale;

/** How a {@link Digest} is calculated and written. */
public enum Algorithm {
  CRC32("crc32", "CRC-32", 0),
  MD5("md5", "MD5", 32),
  SHA1("sha1", "SHA-1", 40),
  SHA256("sha256", "SHA-256", 64),
  SHA512("sha512", "SHA-512", 128);

  private static final long MAX_CRC32 = 0xFFFF_FFFFL;
  private static final int MAX_CRC32_LENGTH = 64;

  private final String text;
  private final String javaName;
  private final int hexLength;

  Algorithm(String text, String javaName, int hexLength) {
    this.text = text;
    this.javaName = javaName;
    this.hexLength = hexLength;
  }

  /** The name before the colon. */
  public String text() {
    return text;
  }

  public Digest.Calculator newCalculator() {
    return this == CRC32 ? new Crc32Calculator() : new MessageDigestCalculator(this, javaName);
  }

  String canonical(String encoded) {
    return this == CRC32 ? canonicalCrc32(encoded) : canonicalHex(encoded);
  }

  private String canonicalHex(String encoded) {
    boolean valid = encoded.length() == hexLength;
    for (int i = 0; valid && i < hexLength; i++) {
      valid = Character.digit(encoded.charAt(i), 16) >= 0 && encoded.charAt(i) < 128;
    }
    if (!valid) {
      throw invalid(encoded, hexLength + " hex digits");
    }
    return encoded.toLowerCase(Locale.ROOT);
  }

  private String canonicalCrc32(String encoded) {
    long value = encoded.isEmpty() || encoded.length() > MAX_CRC32_LENGTH ? -1 : 0;
    for (int i = 0; value >= 0 && i < encoded.length(); i++) {
      char c = encoded.charAt(i);
      value = c >= '0' && c <= '9' ? value * 10 + (c - '0') : -1;
      value = value > MAX_CRC32 ? -1 : value;
    }
    if (value < 0) {
      throw invalid(encoded, "a decimal number from 0 to 4294967295");
    }
    return Long.toString(value);
  }

  private IllegalArgumentException invalid(String encoded, String allowed) {
    return new IllegalArgumentException(
        "digest '"
            + text
            + ":"
            + shortened(encoded)
            + "' is not valid: after "
            + text
            + ": write "
            + allowed);
  }

  static String shortened(String text) {
    String shown = text.length() > 160 ? text.substring(0, 160) + "..." : text;
    StringBuilder clean = new StringBuilder(shown.length());
    shown.chars().forEach(c -> clean.append(Character.isISOControl(c) ? '?' : (char) c));
    return clean.toString();
  }
}
