package io.dragonfly.common.config;

import java.util.Locale;

/**
 * An amount of bytes, at least 0. As text:
 *
 * <pre>
 * size  number [ space ] [ unit ]
 * unit  B | K, KB, M, MB, G, GB, T, TB, P, PB (powers of 1000) | Ki, KiB, Mi, MiB, ... PiB (powers of 1024), in any case
 * </pre>
 *
 * A fraction is allowed before a unit ({@code 1.5GiB}); a rest of less than a byte is dropped.
 */
public record ByteSize(long bytes) implements Comparable<ByteSize> {
  private static final String ALLOWED = "write a size like 64MiB, 50GB or 1024";
  private static final String PREFIXES = "kmgtp";
  private static final int MAX_TEXT = 40;

  public ByteSize {
    if (bytes < 0) {
      throw new IllegalArgumentException("size " + bytes + " is negative");
    }
  }

  public static ByteSize ofMebibytes(long mebibytes) {
    return new ByteSize(Math.multiplyExact(mebibytes, 1L << 20));
  }

  /** Throws {@link IllegalArgumentException} that says what is allowed. */
  public static ByteSize parse(String text) {
    String size = text.strip();
    int unitStart = 0;
    while (unitStart < size.length() && isNumberCharacter(size.charAt(unitStart))) {
      unitStart++;
    }
    if (size.length() > MAX_TEXT) {
      throw new IllegalArgumentException(ALLOWED);
    }
    long unit = unit(size.substring(unitStart).strip());
    try {
      return new ByteSize(Amount.of(size.substring(0, unitStart), unit));
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "the size must be at most " + Long.MAX_VALUE + " bytes", e);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(ALLOWED, e);
    }
  }

  private static boolean isNumberCharacter(char c) {
    return (c >= '0' && c <= '9') || c == '.';
  }

  private static long unit(String text) {
    String unit = text.toLowerCase(Locale.ROOT);
    if (unit.isEmpty() || unit.equals("b")) {
      return 1;
    }
    int power = PREFIXES.indexOf(unit.charAt(0)) + 1;
    boolean binary = unit.startsWith("i", 1);
    String rest = unit.substring(binary ? 2 : 1);
    if (power == 0 || !(rest.isEmpty() || rest.equals("b"))) {
      throw new IllegalArgumentException(ALLOWED);
    }
    return binary ? 1L << (10 * power) : Math.powExact(1000L, power);
  }

  @Override
  public int compareTo(ByteSize other) {
    return Long.compare(bytes, other.bytes);
  }

  /** The greatest unit that needs no fraction: {@code 64MiB}, {@code 50GB}, {@code 1025B}. */
  @Override
  public String toString() {
    for (int power = PREFIXES.length(); power > 0 && bytes > 0; power--) {
      char prefix = Character.toUpperCase(PREFIXES.charAt(power - 1));
      long binary = 1L << (10 * power);
      long decimal = Math.powExact(1000L, power);
      if (bytes % binary == 0) {
        return bytes / binary + "" + prefix + "iB";
      }
      if (bytes % decimal == 0) {
        return bytes / decimal + "" + prefix + "B";
      }
    }
    return bytes + "B";
  }
}
