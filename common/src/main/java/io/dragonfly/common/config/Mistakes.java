package io.dragonfly.common.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Gathers what is wrong with a configuration, so that all of it is told at once. Values of secret
 * keys are not shown.
 */
final class Mistakes {
  private static final int MAX_SHOWN = 50;
  private static final int MAX_VALUE = 80;
  private static final List<String> SECRET =
      List.of("password", "secret", "token", "accesskey", "authorization", "cookie");

  private record Mistake(int line, String text) {}

  private final List<Mistake> mistakes = new ArrayList<>();

  void value(int line, String path, String value, String allowed) {
    String shown = isSecret(path) ? "the value" : "'" + clean(value, MAX_VALUE) + "'";
    add(line, path + ": " + shown + " is not valid: " + allowed);
  }

  void general(int line, String path, String message) {
    add(line, (path.isEmpty() ? "top level" : path) + ": " + message);
  }

  private void add(int line, String text) {
    mistakes.add(new Mistake(line, text));
  }

  int count() {
    return mistakes.size();
  }

  /** Throws unless there is nothing to tell. */
  void throwIfAny(String name) throws ConfigException {
    if (mistakes.isEmpty()) {
      return;
    }
    mistakes.sort(Comparator.comparingInt(Mistake::line));
    StringBuilder message = new StringBuilder(name).append(" cannot be used, correct this:");
    for (Mistake mistake : mistakes.subList(0, Math.min(MAX_SHOWN, mistakes.size()))) {
      message.append("\n  ");
      if (mistake.line() > 0) {
        message.append("line ").append(mistake.line()).append(": ");
      }
      message.append(mistake.text());
    }
    if (mistakes.size() > MAX_SHOWN) {
      message.append("\n  and ").append(mistakes.size() - MAX_SHOWN).append(" more");
    }
    throw new ConfigException(message.toString());
  }

  private static boolean isSecret(String path) {
    String lower = path.toLowerCase(Locale.ROOT);
    return SECRET.stream().anyMatch(lower::contains);
  }

  /** Text from the file made fit for one line of a message. */
  static String clean(String text, int max) {
    StringBuilder clean = new StringBuilder();
    for (int i = 0; i < text.length() && i < max; i++) {
      char c = text.charAt(i);
      clean.append(Character.isISOControl(c) ? '?' : c);
    }
    return text.length() > max ? clean.append("...").toString() : clean.toString();
  }
}
