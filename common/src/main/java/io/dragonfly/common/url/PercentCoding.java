package io.dragonfly.common.url;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;

/**
 * Percent-encoding of the URL standard and of application/x-www-form-urlencoded, always over UTF-8.
 */
public final class PercentCoding {
  /** What each part of a URL encodes besides control characters and all that is not ASCII. */
  public static final String CONTROLS = "";

  public static final String FRAGMENT = " \"<>`";
  public static final String PATH = FRAGMENT + "#?{}";
  public static final String USERINFO = PATH + "/:;=@[\\]^|";

  private static final String FORM_UNESCAPED = "*-._";
  private static final char[] HEX = "0123456789ABCDEF".toCharArray();

  private PercentCoding() {}

  /**
   * Writes control characters, all that is not ASCII, and the characters of {@code set} as {@code
   * %XX}.
   */
  public static String encode(String text, String set) {
    StringBuilder encoded = new StringBuilder(text.length() + 16);
    for (byte b : text.getBytes(UTF_8)) {
      if (b < 0x20 || b == 0x7F || set.indexOf(b) >= 0) {
        appendEscape(b, encoded);
      } else {
        encoded.append((char) b);
      }
    }
    return encoded.toString();
  }

  /** Appends the text as a name or value of application/x-www-form-urlencoded. */
  public static void encodeForm(String text, StringBuilder encoded) {
    for (byte b : text.getBytes(UTF_8)) {
      if (isAlphanumeric(b) || FORM_UNESCAPED.indexOf(b) >= 0) {
        encoded.append((char) b);
      } else if (b == ' ') {
        encoded.append('+');
      } else {
        appendEscape(b, encoded);
      }
    }
  }

  /** An escape that is not one stays as it is; bytes that are not UTF-8 become U+FFFD. */
  public static String decode(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    byte[] bytes = text.getBytes(UTF_8);
    ByteArrayOutputStream decoded = new ByteArrayOutputStream(bytes.length);
    for (int i = 0; i < bytes.length; i++) {
      int escaped = bytes[i] == '%' && i + 2 < bytes.length ? hex(bytes[i + 1], bytes[i + 2]) : -1;
      if (escaped >= 0) {
        decoded.write(escaped);
        i += 2;
      } else {
        decoded.write(bytes[i]);
      }
    }
    return decoded.toString(UTF_8);
  }

  private static int hex(byte high, byte low) {
    int h = high < 0 ? -1 : Character.digit(high, 16);
    int l = low < 0 ? -1 : Character.digit(low, 16);
    return h < 0 || l < 0 ? -1 : h * 16 + l;
  }

  private static boolean isAlphanumeric(byte b) {
    return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');
  }

  private static void appendEscape(byte b, StringBuilder encoded) {
    encoded.append('%').append(HEX[(b >> 4) & 0xF]).append(HEX[b & 0xF]);
  }
}
