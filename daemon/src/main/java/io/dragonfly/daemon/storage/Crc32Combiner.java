package io.dragonfly.daemon.storage;

/**
 * The CRC-32 of a concatenation from the CRC-32 of its two parts.
 *
 * <p>A CRC is a remainder modulo a polynomial over GF(2); appending n bytes multiplies it by
 * x^(8n). Polynomials are held reflected: bit 31 is x^0. Costs some 60 multiplications whatever the
 * length.
 */
final class Crc32Combiner {
  private static final int POLYNOMIAL = 0xEDB88320;
  private static final int ONE = 1 << 31;

  /** Element k is x^(2^k); the powers repeat after 32. */
  private static final int[] POWERS = powers();

  private Crc32Combiner() {}

  static int combine(int first, int second, long secondLength) {
    int shift = ONE;
    int k = 3; // x^(8n) = (x^(2^3))^n
    for (long n = secondLength; n != 0; n >>>= 1) {
      if ((n & 1) != 0) {
        shift = multiply(POWERS[k & 31], shift);
      }
      k++;
    }
    return multiply(shift, first) ^ second;
  }

  private static int multiply(int a, int b) {
    int product = 0;
    int factor = b;
    for (int bit = ONE; bit != 0; bit >>>= 1) {
      if ((a & bit) != 0) {
        product ^= factor;
      }
      factor = (factor & 1) != 0 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1;
    }
    return product;
  }

  private static int[] powers() {
    int[] powers = new int[32];
    powers[0] = 1 << 30;
    for (int i = 1; i < powers.length; i++) {
      powers[i] = multiply(powers[i - 1], powers[i - 1]);
    }
    return powers;
  }
}
