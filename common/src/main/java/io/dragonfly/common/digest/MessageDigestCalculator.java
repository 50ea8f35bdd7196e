package io.dragonfly.common.digest;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

final class MessageDigestCalculator implements Digest.Calculator {
  private final Algorithm algorithm;
  private final MessageDigest messageDigest;

  MessageDigestCalculator(Algorithm algorithm, String javaName) {
    this.algorithm = algorithm;
    try {
      this.messageDigest = MessageDigest.getInstance(javaName);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(
          "this Java offers no "
              + javaName
              + ": its java.security file has switched it off; use another digest",
          e);
    }
  }

  @Override
  public void update(ByteBuffer bytes) {
    messageDigest.update(bytes);
  }

  @Override
  public Digest result() {
    return new Digest(algorithm, HexFormat.of().formatHex(messageDigest.digest()));
  }
}
