package io.dragonfly.daemon.local;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Values of the line protocol: UTF-8 in which {@code %}, control characters and spaces are written
 * as {@code %XX}. Request values may hold plain spaces.
 */
final class LineCodec {
  private static final String HEX = "0123456789ABCDEF";

  private LineCodec() {}

  static String encode(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream encoded = new ByteArrayOutputStream(bytes.length + 16);
    for (byte b : bytes) {
      int c = b & 0xff;
      if (c <= 0x20 || c == 0x7f || c == '%') {
        encoded.write('%');
        encoded.write(HEX.charAt(c >> 4));
        encoded.write(HEX.charAt(c & 15));
      } else {
        encoded.write(c);
      }
    }
    return encoded.toString(StandardCharsets.UTF_8);
  }

  /**
   * @throws MalformedRequestException if a {@code %} is not followed by two hex digits
   */
  static String decode(String value) throws MalformedRequestException {
    if (value.indexOf('%') < 0) {
      return value;
    }
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream decoded = new ByteArrayOutputStream(bytes.length);
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] != '%') {
        decoded.write(bytes[i]);
        continue;
      }
      int high = i + 2 < bytes.length ? Character.digit(bytes[i + 1], 16) : -1;
      int low = i + 2 < bytes.length ? Character.digit(bytes[i + 2], 16) : -1;
      if (high < 0 || low < 0) {
        throw new MalformedRequestException("a % that is not followed by two hex digits");
      }
      decoded.write(high << 4 | low);
      i += 2;
    }
    return decoded.toString(StandardCharsets.UTF_8);
  }
}
