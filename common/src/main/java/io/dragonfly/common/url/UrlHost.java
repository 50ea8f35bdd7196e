package io.dragonfly.common.url;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Hosts of the URL standard (https://url.spec.whatwg.org/#host-parsing) in their one written form:
 * domains in lower case and ASCII, international ones as UTS 46 says, IPv4 addresses (also of fewer
 * than four parts, octal and hexadecimal ones) as four decimals, IPv6 addresses compressed in
 * brackets. Task ids are made of them and origins are read at them, so that one name never means
 * two hosts. Errors say what is wrong and show nothing of the URL.
 */
public final class UrlHost {
  private static final String FORBIDDEN = " #/:<>?@[\\]^|";

  private UrlHost() {}

  /**
   * A host of http, https, ftp, ws, wss and file.
   *
   * @throws IllegalArgumentException if it is none
   */
  public static String special(String text) {
    if (text.startsWith("[")) {
      return bracketed(text);
    }
    String domain = toAscii(PercentCoding.decode(text));
    if (domain.isEmpty()) {
      throw new IllegalArgumentException("its host is empty");
    }
    if (domain
        .chars()
        .anyMatch(c -> c < ' ' || c == '%' || c == 0x7F || FORBIDDEN.indexOf(c) >= 0)) {
      throw new IllegalArgumentException("its host has a character that hosts must not have");
    }
    return endsInNumber(domain) ? ipv4(domain) : domain;
  }

  /**
   * A host of any other scheme: a bucket, for example; its letters keep their case.
   *
   * @throws IllegalArgumentException if it is none
   */
  public static String opaque(String text) {
    if (text.startsWith("[")) {
      return bracketed(text);
    }
    if (text.chars().anyMatch(c -> c == 0 || FORBIDDEN.indexOf(c) >= 0)) {
      throw new IllegalArgumentException("its host has a character that hosts must not have");
    }
    return PercentCoding.encode(text, PercentCoding.CONTROLS);
  }

  /** Usual names pay nothing for international ones: what those need is loaded when one comes. */
  private static String toAscii(String domain) {
    String lower = domain.toLowerCase(Locale.ROOT);
    boolean international =
        domain.chars().anyMatch(c -> c >= 0x80)
            || lower.startsWith(DomainName.ENCODED)
            || lower.contains("." + DomainName.ENCODED);
    return international ? DomainName.toAscii(domain) : lower;
  }

  private static boolean endsInNumber(String domain) {
    String name = domain.endsWith(".") ? domain.substring(0, domain.length() - 1) : domain;
    String last = name.substring(name.lastIndexOf('.') + 1);
    return !last.isEmpty()
        && (isDigits(last, 10) || (last.startsWith("0x") && isDigits(last.substring(2), 16)));
  }

  private static boolean isDigits(String text, int radix) {
    return text.chars().allMatch(c -> Character.digit(c, radix) >= 0);
  }

  private static String ipv4(String domain) {
    String[] parts =
        (domain.endsWith(".") ? domain.substring(0, domain.length() - 1) : domain).split("\\.", -1);
    if (parts.length > 4) {
      throw invalidAddress("IPv4");
    }
    long address = 0;
    for (int i = 0; i < parts.length; i++) {
      boolean last = i == parts.length - 1;
      long number = ipv4Number(parts[i]);
      if (number > (last ? 0xFFFF_FFFFL >> (8 * i) : 255)) {
        throw invalidAddress("IPv4");
      }
      address |= last ? number : number << (8 * (3 - i));
    }
    return (address >> 24)
        + "."
        + (address >> 16 & 255)
        + "."
        + (address >> 8 & 255)
        + "."
        + (address & 255);
  }

  private static long ipv4Number(String part) {
    boolean hexadecimal = part.startsWith("0x");
    boolean octal = !hexadecimal && part.length() > 1 && part.startsWith("0");
    int radix = hexadecimal ? 16 : octal ? 8 : 10;
    String digits = part.substring(hexadecimal ? 2 : octal ? 1 : 0);
    if (part.isEmpty() || !isDigits(digits, radix)) {
      throw invalidAddress("IPv4");
    }
    String significant = digits.replaceFirst("^0+", "");
    if (significant.length() > 12) {
      throw invalidAddress("IPv4");
    }
    return significant.isEmpty() ? 0 : Long.parseLong(significant, radix);
  }

  private static String bracketed(String text) {
    if (!text.endsWith("]")) {
      throw invalidAddress("IPv6");
    }
    return "[" + write(ipv6(text.substring(1, text.length() - 1))) + "]";
  }

  private static int[] ipv6(String text) {
    int gap = text.indexOf("::");
    List<Integer> head = pieces(gap < 0 ? text : text.substring(0, gap), gap < 0);
    List<Integer> tail = gap < 0 ? List.of() : pieces(text.substring(gap + 2), true);
    int count = head.size() + tail.size();
    if (gap < 0 ? count != 8 : count > 7) {
      throw invalidAddress("IPv6");
    }
    int[] address = new int[8];
    for (int i = 0; i < head.size(); i++) {
      address[i] = head.get(i);
    }
    for (int i = 0; i < tail.size(); i++) {
      address[8 - tail.size() + i] = tail.get(i);
    }
    return address;
  }

  private static List<Integer> pieces(String text, boolean atEnd) {
    List<Integer> pieces = new ArrayList<>();
    if (text.isEmpty()) {
      return pieces;
    }
    String[] parts = text.split(":", 10);
    for (int i = 0; i < parts.length; i++) {
      if (atEnd && i == parts.length - 1 && parts[i].indexOf('.') >= 0) {
        addDotted(parts[i], pieces);
      } else if (parts[i].isEmpty() || parts[i].length() > 4 || !isAsciiDigits(parts[i], 16)) {
        throw invalidAddress("IPv6");
      } else {
        pieces.add(Integer.parseInt(parts[i], 16));
      }
    }
    return pieces;
  }

  private static void addDotted(String text, List<Integer> pieces) {
    String[] parts = text.split("\\.", -1);
    int[] octets = new int[4];
    if (parts.length != 4) {
      throw invalidAddress("IPv6");
    }
    for (int i = 0; i < 4; i++) {
      String part = parts[i];
      boolean valid = !part.isEmpty() && part.length() <= 3 && isAsciiDigits(part, 10);
      octets[i] =
          valid && (part.length() == 1 || part.charAt(0) != '0') ? Integer.parseInt(part) : 256;
      if (octets[i] > 255) {
        throw invalidAddress("IPv6");
      }
    }
    pieces.add(octets[0] << 8 | octets[1]);
    pieces.add(octets[2] << 8 | octets[3]);
  }

  private static boolean isAsciiDigits(String text, int radix) {
    return text.chars().allMatch(c -> c < 0x80 && Character.digit(c, radix) >= 0);
  }

  /** Lower case, the first of the longest runs of two or more zeros as {@code ::}. */
  private static String write(int[] address) {
    int start = -1;
    int length = 1;
    for (int i = 0; i < 8; i++) {
      int end = i;
      while (end < 8 && address[end] == 0) {
        end++;
      }
      if (end - i > length) {
        start = i;
        length = end - i;
      }
    }
    StringBuilder text = new StringBuilder(40);
    for (int i = 0; i < 8; i++) {
      if (i == start) {
        text.append(i == 0 ? "::" : ":");
        i += length - 1;
      } else {
        text.append(Integer.toHexString(address[i])).append(i < 7 ? ":" : "");
      }
    }
    return text.toString();
  }

  private static IllegalArgumentException invalidAddress(String kind) {
    return new IllegalArgumentException("its host is not a valid " + kind + " address");
  }
}
