package io.dragonfly.common.tls;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Optional;

/**
 * Private keys in the three forms that openssl writes. The JDK reads PKCS#8 only, so the older two
 * are wrapped into it:
 *
 * <pre>
 *   PKCS#8 (RFC 5958)  SEQ { INTEGER 0, SEQ { OID algorithm, parameters }, OCTET STRING key }
 *   PKCS#1 (RFC 8017)  "RSA PRIVATE KEY": the key;  algorithm rsaEncryption, parameters NULL
 *   SEC 1  (RFC 5915)  "EC PRIVATE KEY":  the key,  algorithm ecPublicKey, parameters = the curve,
 *                      SEQ { INTEGER 1, OCTET STRING, [0] { OID curve }, [1] { BIT STRING } }
 * </pre>
 */
final class PrivateKeys {
  private static final int SEQUENCE = 0x30;
  private static final int OCTET_STRING = 0x04;
  private static final int INTEGER = 0x02;
  private static final int PARAMETERS = 0xA0;
  private static final byte[] VERSION_0 = {INTEGER, 1, 0};
  private static final byte[] RSA_ENCRYPTION = {
    0x06,
    0x09,
    0x2A,
    (byte) 0x86,
    0x48,
    (byte) 0x86,
    (byte) 0xF7,
    0x0D,
    0x01,
    0x01,
    0x01,
    0x05,
    0x00
  };
  private static final byte[] EC_PUBLIC_KEY = {
    0x06, 0x07, 0x2A, (byte) 0x86, 0x48, (byte) 0xCE, 0x3D, 0x02, 0x01
  };
  private static final String[] ALGORITHMS = {"RSA", "EC", "EdDSA", "RSASSA-PSS"};

  private PrivateKeys() {}

  /** Decodes a PEM block; empty if its label is not that of a private key. */
  static Optional<PrivateKey> decode(String label, byte[] content) throws GeneralSecurityException {
    return switch (label) {
      case "PRIVATE KEY" -> Optional.of(pkcs8(content));
      case "RSA PRIVATE KEY" -> Optional.of(pkcs8(wrap(RSA_ENCRYPTION, content)));
      case "EC PRIVATE KEY" ->
          Optional.of(pkcs8(wrap(join(EC_PUBLIC_KEY, curve(content)), content)));
      default -> Optional.empty();
    };
  }

  private static PrivateKey pkcs8(byte[] encoded) throws GeneralSecurityException {
    var spec = new PKCS8EncodedKeySpec(encoded);
    GeneralSecurityException failure = new InvalidKeySpecException("no algorithm");
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(spec);
      } catch (InvalidKeySpecException e) {
        failure = e;
      }
    }
    throw failure;
  }

  private static byte[] wrap(byte[] algorithm, byte[] key) {
    return element(
        SEQUENCE, join(VERSION_0, element(SEQUENCE, algorithm), element(OCTET_STRING, key)));
  }

  /** The object identifier of the curve, with its tag and length. */
  private static byte[] curve(byte[] key) throws GeneralSecurityException {
    try {
      int at = content(key, 0);
      while (at < key.length) {
        int start = content(key, at);
        int end = start + length(key, at);
        if ((key[at] & 0xFF) == PARAMETERS) {
          return Arrays.copyOfRange(key, start, end);
        }
        at = end;
      }
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new InvalidKeySpecException("truncated", e);
    }
    throw new InvalidKeySpecException("the key does not name its curve");
  }

  /** Where the content of the element at an index begins. */
  private static int content(byte[] der, int at) {
    int first = der[at + 1] & 0xFF;
    return at + 2 + (first < 0x80 ? 0 : first & 0x7F);
  }

  private static int length(byte[] der, int at) {
    int first = der[at + 1] & 0xFF;
    if (first < 0x80) {
      return first;
    }
    int length = 0;
    for (int i = 0; i < (first & 0x7F); i++) {
      length = (length << 8) | (der[at + 2 + i] & 0xFF);
      if (length > der.length) {
        throw new IllegalArgumentException("longer than the file");
      }
    }
    return length;
  }

  private static byte[] element(int tag, byte[] content) {
    var out = new ByteArrayOutputStream(content.length + 6);
    out.write(tag);
    if (content.length < 0x80) {
      out.write(content.length);
    } else {
      int bytes = (39 - Integer.numberOfLeadingZeros(content.length)) / 8;
      out.write(0x80 | bytes);
      for (int i = bytes - 1; i >= 0; i--) {
        out.write(content.length >> (8 * i));
      }
    }
    out.writeBytes(content);
    return out.toByteArray();
  }

  private static byte[] join(byte[]... parts) {
    var out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
