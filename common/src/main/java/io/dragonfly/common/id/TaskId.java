package io.dragonfly.common.id;

import java.util.Optional;

/**
 * Names one content: usually 64 hex digits, see {@link TaskIdentity}; other programs may choose
 * names of their own. It is used as a file name, hence the narrow alphabet: 1 to 256 of {@code 0-9
 * A-Z a-z . _ -}, not beginning with a dot.
 */
public record TaskId(String value) implements Comparable<TaskId> {
  public static final int MAX_LENGTH = 256;

  private static final String ALLOWED = "1 to 256 of 0-9 A-Z a-z . _ - , not beginning with a dot";

  /** Throws {@link IllegalArgumentException} that says what is allowed. */
  public TaskId {
    if (!isValid(value)) {
      throw new IllegalArgumentException(
          "task id '" + Shortened.of(value) + "' is not valid: it must be " + ALLOWED);
    }
  }

  /** Empty unless the text is a valid task id. */
  public static Optional<TaskId> parse(String text) {
    return isValid(text) ? Optional.of(new TaskId(text)) : Optional.empty();
  }

  private static boolean isValid(String text) {
    int length = text.length();
    if (length == 0 || length > MAX_LENGTH || text.charAt(0) == '.') {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (!isAllowed(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isAllowed(char c) {
    return (c >= '0' && c <= '9')
        || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || c == '.'
        || c == '_'
        || c == '-';
  }

  @Override
  public int compareTo(TaskId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
