package io.dragonfly.cli.setup;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/**
 * A TOML file that is edited by whole lines, so that comments and order stay. Each edit is proven:
 * the new text has to say what the old one said and what was to be added, and nothing else.
 */
final class TomlFile {
  private final String name;
  private final List<String> lines;
  private final TomlParseResult parsed;

  private TomlFile(String name, String text, TomlParseResult parsed) {
    this.name = name;
    this.lines = LineDiff.lines(text);
    this.parsed = parsed;
  }

  /**
   * @throws SetupException with the place, if it is not TOML
   */
  static TomlFile parse(String name, String text) throws SetupException {
    TomlParseResult parsed = Toml.parse(text);
    if (parsed.hasErrors()) {
      TomlParseError error = parsed.errors().getFirst();
      throw SetupException.at(
          name,
          error.position().line(),
          "not valid TOML: " + error.getMessage() + ". Mend the file, then run this again.");
    }
    return new TomlFile(name, text, parsed);
  }

  /** The value at a path of keys; empty if there is none. */
  Optional<Object> value(String... path) {
    @Nullable Object at = parsed;
    for (String key : path) {
      at = at instanceof TomlTable table ? table.get(List.of(key)) : null;
    }
    return Optional.ofNullable(at).map(TomlFile::plain);
  }

  /** The line, from 1, where the value at a path is written. */
  int line(String... path) {
    @Nullable TomlPosition position = parsed.inputPositionOf(List.of(path));
    return position == null ? 1 : position.line();
  }

  SetupException mistake(int line, String message) {
    return SetupException.at(name, line, message);
  }

  /** All of it, as maps, lists and values. */
  Map<String, Object> content() {
    return table(parsed);
  }

  @SuppressWarnings("unchecked") // tables are made here, with such keys
  static Map<String, Object> asTable(Optional<Object> value) {
    return value.orElse(null) instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
  }

  private static Object plain(Object value) {
    return switch (value) {
      case TomlTable table -> table(table);
      case TomlArray array -> {
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
          list.add(plain(array.get(i)));
        }
        yield list;
      }
      default -> value;
    };
  }

  private static Map<String, Object> table(TomlTable table) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (String key : table.keySet()) {
      Object value = table.get(List.of(key));
      if (value != null) {
        map.put(key, plain(value));
      }
    }
    return map;
  }

  int size() {
    return lines.size();
  }

  /**
   * The lines, from 0, of headers of exactly this table ({@code [a.b]}), or of the elements of this
   * array of tables ({@code [[a.b]]}); of any when no path is given.
   */
  List<Integer> headers(boolean array, String... path) {
    List<Integer> found = new ArrayList<>();
    for (int line = 0; line < lines.size(); line++) {
      List<String> header = header(lines.get(line), array);
      if (!header.isEmpty() && (path.length == 0 || header.equals(List.of(path)))) {
        found.add(line);
      }
    }
    return found;
  }

  private static List<String> header(String line, boolean array) {
    String open = array ? "[[" : "[";
    String close = array ? "]]" : "]";
    String text = line.strip();
    if (!text.startsWith(open) || (!array && text.startsWith("[["))) {
      return List.of();
    }
    int end = text.lastIndexOf(close);
    int comment = text.indexOf('#', Math.max(end, 0));
    String rest = end < 0 ? "x" : text.substring(end + close.length()).strip();
    if (end < open.length() || !(rest.isEmpty() || (comment >= 0 && rest.startsWith("#")))) {
      return List.of();
    }
    try {
      return Toml.parseDottedKey(text.substring(open.length(), end).strip());
    } catch (IllegalArgumentException e) {
      return List.of();
    }
  }

  /** The first line from {@code from} on that begins a table of whatever kind; else the end. */
  int nextHeader(int from) {
    for (int line = from; line < lines.size(); line++) {
      if (lines.get(line).strip().startsWith("[")) {
        return line;
      }
    }
    return lines.size();
  }

  /** The place after the last line before {@code end} that is neither empty nor a comment. */
  int afterLastSetting(int end) {
    int line = end;
    while (line > 0) {
      String text = lines.get(line - 1).strip();
      if (!text.isEmpty() && !text.startsWith("#")) {
        break;
      }
      line--;
    }
    return line;
  }

  /** The spaces that a line begins with. */
  String indent(int line) {
    String text = lines.get(line);
    int end = 0;
    while (end < text.length() && (text.charAt(end) == ' ' || text.charAt(end) == '\t')) {
      end++;
    }
    return text.substring(0, end);
  }

  /**
   * The text with a block put before a line, and so many lines from there left out.
   *
   * @param expected what the result must say
   * @throws SetupException when it does not: the file is written in a way that hides the place
   */
  String edited(int at, int replaced, String block, Map<String, Object> expected)
      throws SetupException {
    List<String> result = new ArrayList<>(lines);
    result.subList(at, at + replaced).clear();
    if (at > 0 && at == result.size() && !result.getLast().endsWith("\n")) {
      result.set(at - 1, result.getLast() + "\n");
    }
    result.add(at, block);
    String text = String.join("", result);
    TomlParseResult check = Toml.parse(text);
    if (check.hasErrors() || !table(check).equals(expected)) {
      throw mistake(
          Math.min(at + 1, lines.size()),
          "the tables are written in a way that can't be edited line by line. Add this by hand:\n"
              + block.stripTrailing());
    }
    return text;
  }
}
