package io.dragonfly.common.digest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The hash of ids, roots and fingerprints. */
public final class Sha256 {
  private Sha256() {}

  /** To be fed bit by bit, by one thread. */
  public static MessageDigest begin() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this Java has no SHA-256, which every Java must have", e);
    }
  }

  /** 32 bytes. */
  public static byte[] of(byte[] bytes) {
    return begin().digest(bytes);
  }

  /** That of a text in UTF-8, as 64 hexadecimal digits in lower case. */
  public static String hex(String text) {
    return hex(begin(), text.getBytes(UTF_8));
  }

  /** The result of what {@link #begin} gave, as 64 hexadecimal digits in lower case. */
  public static String hex(MessageDigest fed) {
    return HexFormat.of().formatHex(fed.digest());
  }

  private static String hex(MessageDigest digest, byte[] last) {
    return HexFormat.of().formatHex(digest.digest(last));
  }
}
