package io.dragonfly.common.config;

import java.math.BigDecimal;

/**
 * So many of a unit, as people write it: {@code digits [ "." digits ]}. Also read at the start of
 * programs that live for moments, so whole numbers take nothing but arithmetic.
 */
final class Amount {
  private Amount() {}

  /**
   * The number times the unit, rounded down. Throws {@link ArithmeticException} beyond a {@code
   * long}.
   *
   * @throws NumberFormatException if it is no such number
   */
  static long of(String number, long unit) {
    int point = number.indexOf('.');
    if (!isDigits(number, 0, point < 0 ? number.length() : point)
        || (point >= 0 && !isDigits(number, point + 1, number.length()))) {
      throw new NumberFormatException("not a number");
    }
    if (point >= 0) {
      BigDecimal product = new BigDecimal(number).multiply(BigDecimal.valueOf(unit));
      return product.toBigInteger().longValueExact();
    }
    long value = 0;
    for (int i = 0; i < number.length(); i++) {
      value = Math.addExact(Math.multiplyExact(value, 10), number.charAt(i) - '0');
    }
    return Math.multiplyExact(value, unit);
  }

  private static boolean isDigits(String text, int start, int end) {
    for (int i = start; i < end; i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return start < end;
  }
}
