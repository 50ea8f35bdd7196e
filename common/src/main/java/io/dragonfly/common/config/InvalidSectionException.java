package io.dragonfly.common.config;

import java.util.List;
import java.util.stream.Collectors;

/** Values of one section that are not allowed, see {@link Checks}. */
public final class InvalidSectionException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final transient List<Mistake> mistakes;

  record Mistake(String key, String value, String allowed) {}

  InvalidSectionException(List<Mistake> mistakes) {
    super(
        mistakes.stream()
            .map(mistake ->
                mistake.key() + " " + mistake.value() + " is not valid: " + mistake.allowed())
            .collect(Collectors.joining("; ")));
    this.mistakes = List.copyOf(mistakes);
  }

  List<Mistake> mistakes() {
    return mistakes;
  }
}
