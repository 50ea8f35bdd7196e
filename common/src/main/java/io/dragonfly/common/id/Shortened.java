package io.dragonfly.common.id;

/**
 * Text from outside made fit for an error message: at most 64 characters, none of them a control
 * character.
 */
final class Shortened {
  private static final int MAX = 64;

  private Shortened() {}

  static String of(String text) {
    StringBuilder shown = new StringBuilder(MAX + 3);
    for (int i = 0; i < text.length() && i < MAX; i++) {
      char c = text.charAt(i);
      shown.append(Character.isISOControl(c) ? '?' : c);
    }
    return text.length() > MAX ? shown.append("...").toString() : shown.toString();
  }

  /** The check that host ids and peer ids share. */
  static void check(String what, String value, int maxLength) {
    boolean valid = !value.isBlank() && value.length() <= maxLength;
    for (int i = 0; valid && i < value.length(); i++) {
      valid = !Character.isISOControl(value.charAt(i));
    }
    if (!valid) {
      throw new IllegalArgumentException(
          what
              + " '"
              + of(value)
              + "' is not valid: it must be 1 to "
              + maxLength
              + " characters, not blank, without control characters");
    }
  }
}
