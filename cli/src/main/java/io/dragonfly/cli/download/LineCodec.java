package io.dragonfly.cli.download;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Values of the line protocol: UTF-8 in which {@code %}, control characters and, in response lines,
 * spaces are written as {@code %XX}.
 */
final class LineCodec {
  private static final String HEX = "0123456789ABCDEF";

  private LineCodec() {}

  static void encode(String value, ByteArrayOutputStream out) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    for (byte b : bytes) {
      int c = b & 0xff;
      if (c < 0x20 || c == 0x7f || c == '%') {
        out.write('%');
        out.write(HEX.charAt(c >> 4));
        out.write(HEX.charAt(c & 15));
      } else {
        out.write(c);
      }
    }
  }

  /** Undoes the encoding; a {@code %} that is not followed by two hex digits stands for itself. */
  static String decode(String value) {
    if (value.indexOf('%') < 0) {
      return value;
    }
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length);
    for (int i = 0; i < bytes.length; i++) {
      int high = i + 2 < bytes.length ? Character.digit(bytes[i + 1], 16) : -1;
      int low = i + 2 < bytes.length ? Character.digit(bytes[i + 2], 16) : -1;
      if (bytes[i] == '%' && high >= 0 && low >= 0) {
        out.write(high << 4 | low);
        i += 2;
      } else {
        out.write(bytes[i]);
      }
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}
