package io.dragonfly.daemon.proxy;

import com.google.re2j.Pattern;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;

/**
 * The parts of a rule's regular expression, in the syntax of RE2, as far as they decide which texts
 * it can match. What one character may be is asked of the library that also matches URLs; only the
 * brackets around that are understood here. Boundaries of words count as met wherever they stand.
 */
final class RuleExpression {
  /** More states than any rule needs that a person writes. */
  private static final int MOST_PARTS = 20_000;

  private static final int ASCII = 128;

  /** A part; what is repeated or chosen among is again made of parts. */
  sealed interface Part {
    /** One character; those of ASCII that it may be. */
    record One(BitSet ascii) implements Part {}

    record Sequence(List<Part> parts) implements Part {}

    record Choice(List<Part> parts) implements Part {}

    /**
     * The same again and again.
     *
     * @param most -1 for any number of times
     */
    record Repeat(Part part, int least, int most) implements Part {}

    /** The beginning of the text. */
    record Begin() implements Part {}

    /** The end of the text. */
    record End() implements Part {}
  }

  private static final Part NOTHING = new Part.Sequence(List.of());

  private final String text;
  private int at;
  private String flags = "";
  private int made;

  private RuleExpression(String text) {
    this.text = text;
  }

  /**
   * Takes an expression apart.
   *
   * @throws IllegalArgumentException when it is not understood here
   */
  static Part parse(String text) {
    RuleExpression parser = new RuleExpression(text);
    Part all = parser.choice();
    if (parser.at < text.length()) {
      throw new IllegalArgumentException("a bracket closes that was not opened");
    }
    return all;
  }

  private Part choice() {
    List<Part> choices = new ArrayList<>();
    choices.add(sequence());
    while (next("|")) {
      choices.add(sequence());
    }
    return choices.size() == 1 ? choices.getFirst() : new Part.Choice(choices);
  }

  private Part sequence() {
    List<Part> parts = new ArrayList<>();
    while (at < text.length() && text.charAt(at) != '|' && text.charAt(at) != ')') {
      if (next("\\Q")) {
        quoted(parts);
      } else {
        parts.add(repeated(part()));
      }
    }
    return new Part.Sequence(parts);
  }

  private void quoted(List<Part> parts) {
    int end = text.indexOf("\\E", at);
    String inside = text.substring(at, end < 0 ? text.length() : end);
    at = end < 0 ? text.length() : end + 2;
    for (int i = 0; i < inside.length(); i++) {
      Part one = one(Pattern.quote(inside.substring(i, i + 1)));
      parts.add(i == inside.length() - 1 ? repeated(one) : one);
    }
  }

  private Part part() {
    char c = text.charAt(at);
    return switch (c) {
      case '(' -> group();
      case '[' -> one(bracketed());
      case '\\' -> escaped();
      case '^' -> {
        at++;
        yield new Part.Begin();
      }
      case '$' -> {
        at++;
        yield new Part.End();
      }
      case '.' -> {
        at++;
        yield one(".");
      }
      default -> {
        int begin = at;
        at += Character.charCount(text.codePointAt(at));
        yield one(Pattern.quote(text.substring(begin, at)));
      }
    };
  }

  private Part group() {
    at++;
    String outside = flags;
    if (next("?P<") || next("?<")) {
      at = after('>');
    } else if (next("?")) {
      int begin = at;
      while (at < text.length() && ":)".indexOf(text.charAt(at)) < 0) {
        at++;
      }
      flags = changed(flags, text.substring(begin, at));
      if (next(")")) {
        if (at < text.length() && "*+?{".indexOf(text.charAt(at)) >= 0) {
          throw new IllegalArgumentException("flags are repeated");
        }
        return NOTHING; // Flags from here to the end of the group around.
      }
      at++;
    }
    Part inside = choice();
    if (!next(")")) {
      throw new IllegalArgumentException("a bracket does not close");
    }
    flags = outside;
    return inside;
  }

  private int after(char c) {
    int found = text.indexOf(c, at);
    if (found < 0) {
      throw new IllegalArgumentException("there is no " + c);
    }
    return found + 1;
  }

  /** Which of the flags that change what a character matches are on. */
  private static String changed(String before, String change) {
    String flags = before;
    boolean on = true;
    for (int i = 0; i < change.length(); i++) {
      char c = change.charAt(i);
      if (c == '-') {
        on = false;
      } else if (c == 'i' || c == 's') {
        flags = flags.replace(String.valueOf(c), "") + (on ? c : "");
      }
    }
    return flags;
  }

  private String bracketed() {
    int begin = at++;
    boolean _ = next("^");
    boolean first = true;
    while (at < text.length() && (first || text.charAt(at) != ']')) {
      if (text.startsWith("[:", at)) {
        int end = text.indexOf(":]", at);
        at = end < 0 ? at + 1 : end + 2;
      } else {
        at += text.charAt(at) == '\\' ? 2 : 1;
      }
      first = false;
    }
    if (!next("]")) {
      throw new IllegalArgumentException("a class of characters does not end");
    }
    return text.substring(begin, at);
  }

  private Part escaped() {
    int begin = at;
    at += 2;
    if (at > text.length()) {
      throw new IllegalArgumentException("it ends in a backslash");
    }
    char c = text.charAt(at - 1);
    switch (c) {
      case 'A' -> {
        return new Part.Begin();
      }
      case 'z' -> {
        return new Part.End();
      }
      case 'b', 'B' -> {
        return NOTHING;
      }
      case 'p', 'P', 'x' -> {
        if (next("{")) {
          at = after('}');
        } else {
          at += c == 'x' ? 2 : 1;
        }
      }
      default -> {
        while (c >= '0' && c <= '7' && at < Math.min(begin + 4, text.length()) && isOctal()) {
          at++;
        }
      }
    }
    return one(text.substring(begin, Math.min(at, text.length())));
  }

  private boolean isOctal() {
    return text.charAt(at) >= '0' && text.charAt(at) <= '7';
  }

  private Part repeated(Part part) {
    if (next("*")) {
      return lazily(new Part.Repeat(part, 0, -1));
    }
    if (next("+")) {
      return lazily(new Part.Repeat(part, 1, -1));
    }
    if (next("?")) {
      return lazily(new Part.Repeat(part, 0, 1));
    }
    return at < text.length() && text.charAt(at) == '{' ? counted(part) : part;
  }

  /** Whether it takes little or much makes no difference here. */
  private Part lazily(Part repeat) {
    boolean _ = next("?");
    return repeat;
  }

  /** A brace that counts nothing is itself a character, and stays for the next part. */
  private Part counted(Part part) {
    int end = text.indexOf('}', at);
    String inside = end < 0 ? "" : text.substring(at + 1, end);
    if (!inside.matches("\\d{1,4}(,(\\d{1,4})?)?")) {
      return part;
    }
    at = end + 1;
    int comma = inside.indexOf(',');
    int least = Integer.parseInt(comma < 0 ? inside : inside.substring(0, comma));
    if (comma < 0) {
      return lazily(new Part.Repeat(part, least, least));
    }
    String most = inside.substring(comma + 1);
    return lazily(new Part.Repeat(part, least, most.isEmpty() ? -1 : Integer.parseInt(most)));
  }

  private Part one(String expression) {
    if (++made > MOST_PARTS) {
      throw new IllegalArgumentException("it is too long");
    }
    String on = flags.isEmpty() ? "" : "(?" + flags.toLowerCase(Locale.ROOT) + ")";
    Pattern pattern = Pattern.compile(on + expression);
    BitSet ascii = new BitSet(ASCII);
    for (int c = 0; c < ASCII; c++) {
      if (pattern.matches(Character.toString(c))) {
        ascii.set(c);
      }
    }
    return new Part.One(ascii);
  }

  private boolean next(String wanted) {
    boolean there = text.startsWith(wanted, at);
    at += there ? wanted.length() : 0;
    return there;
  }
}
