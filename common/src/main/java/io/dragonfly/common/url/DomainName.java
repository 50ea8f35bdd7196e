package io.dragonfly.common.url;

import com.ibm.icu.text.IDNA;
import java.util.EnumSet;
import java.util.Set;

/**
 * International domain names in ASCII, as the URL standard's "domain to ASCII" makes them: UTS 46,
 * non-transitional, with the rules for joiners and for writing directions, without those for
 * hyphens, lengths and the characters of host names.
 */
final class DomainName {
  /** How a label of an international name begins in ASCII. A constant: reading it loads nothing. */
  static final String ENCODED = "xn--";

  /**
   * In UTF-16 units. No name in the DNS has more than 253, and the work grows with the square of a
   * label's length.
   */
  private static final int MAX_LENGTH = 1000;

  private static final IDNA UTS_46 =
      IDNA.getUTS46Instance(IDNA.NONTRANSITIONAL_TO_ASCII | IDNA.CHECK_BIDI | IDNA.CHECK_CONTEXTJ);

  private static final Set<IDNA.Error> ALLOWED =
      EnumSet.of(
          IDNA.Error.EMPTY_LABEL,
          IDNA.Error.LABEL_TOO_LONG,
          IDNA.Error.DOMAIN_NAME_TOO_LONG,
          IDNA.Error.LEADING_HYPHEN,
          IDNA.Error.TRAILING_HYPHEN,
          IDNA.Error.HYPHEN_3_4);

  private DomainName() {}

  static String toAscii(String domain) {
    if (domain.length() > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "its international host is longer than " + MAX_LENGTH + " characters");
    }
    IDNA.Info info = new IDNA.Info();
    StringBuilder ascii = UTS_46.nameToASCII(domain, new StringBuilder(), info);
    for (IDNA.Error error : info.getErrors()) {
      if (!ALLOWED.contains(error)) {
        throw new IllegalArgumentException(
            "its host is not a valid international domain name: " + meaning(error));
      }
    }
    return ascii.toString();
  }

  private static String meaning(IDNA.Error error) {
    return switch (error) {
      case PUNYCODE, INVALID_ACE_LABEL ->
          "a label that begins with " + ENCODED + " does not encode one";
      case BIDI -> "it mixes writing directions in a way that is not allowed";
      case CONTEXTJ -> "it has a joiner where none may stand";
      case LEADING_COMBINING_MARK -> "a label begins with a combining mark";
      case LABEL_HAS_DOT -> "a label has a dot in it";
      default -> "it has a character that names must not have";
    };
  }
}
