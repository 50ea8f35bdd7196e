package io.dragonfly.common.flag;

import java.util.ArrayList;
import java.util.List;

/**
 * The help text:
 *
 * <pre>
 *   description
 *
 *   Usage: program [OPTIONS] --output &lt;PATH&gt; &lt;URL&gt;
 *
 *   Arguments:
 *     &lt;URL&gt;  What to download
 *
 *   Output:
 *     -O, --output &lt;PATH&gt;  Where the file goes [env: X] [default: y]
 * </pre>
 *
 * Descriptions begin in one column for the whole text; a left side that is too long has its
 * description on the next line.
 */
final class HelpText {
  private static final int WIDTH = 100;
  private static final int LARGEST_LEFT = 36;

  private final Flags flags;
  private final StringBuilder out = new StringBuilder(4096);
  private int column;

  private record Row(String left, String right) {}

  HelpText(Flags flags) {
    this.flags = flags;
  }

  @Override
  public String toString() {
    List<Row> arguments = new ArrayList<>();
    for (Flags.Positional positional : flags.positionals) {
      arguments.add(new Row(bracketed(positional), positional.help()));
    }
    List<Row> commands = new ArrayList<>();
    for (Flags.Command command : flags.commands) {
      commands.add(new Row(command.name(), command.help()));
    }
    List<List<Row>> groups = new ArrayList<>();
    for (Flags.Group group : flags.groups) {
      List<Row> rows = new ArrayList<>();
      for (Flag flag : group.flags()) {
        if (!flag.hidden) {
          rows.add(row(flag));
        }
      }
      groups.add(rows);
    }
    List<Row> common = new ArrayList<>();
    common.add(row(flags.declared("help")));
    common.add(row(flags.declared("version")));

    measure(arguments);
    measure(commands);
    groups.forEach(this::measure);
    measure(common);

    wrap(flags.description, 0);
    out.append("\nUsage: ");
    usage();
    section("Arguments", arguments);
    section("Commands", commands);
    for (int i = 0; i < groups.size(); i++) {
      section(flags.groups.get(i).title(), groups.get(i));
    }
    section("General", common);
    return out.toString();
  }

  private void usage() {
    StringBuilder line = new StringBuilder(flags.program).append(" [OPTIONS]");
    for (Flags.Group group : flags.groups) {
      for (Flag flag : group.flags()) {
        if (flag.required && !flag.hidden) {
          line.append(" --").append(flag.name).append(" <").append(flag.placeholder).append('>');
        }
      }
    }
    for (Flags.Positional positional : flags.positionals) {
      line.append(' ').append(bracketed(positional));
    }
    if (!flags.commands.isEmpty()) {
      line.append(" <COMMAND>");
    }
    out.append(line).append('\n');
  }

  private void measure(List<Row> rows) {
    for (Row row : rows) {
      if (row.left().length() <= LARGEST_LEFT) {
        column = Math.max(column, row.left().length() + 4);
      }
    }
  }

  private void section(String title, List<Row> rows) {
    if (rows.isEmpty()) {
      return;
    }
    out.append('\n').append(title).append(":\n");
    for (Row row : rows) {
      out.append("  ").append(row.left());
      if (row.right().isEmpty()) {
        out.append('\n');
        continue;
      }
      int used = row.left().length() + 2;
      if (used + 2 > column) {
        out.append('\n');
        used = 0;
      }
      out.repeat(' ', column - used);
      wrap(row.right(), column);
    }
  }

  /** Writes words, going on in the given column; the first line is already there. */
  private void wrap(String text, int indent) {
    int position = indent;
    boolean first = true;
    for (String word : words(text)) {
      if (!first && position + 1 + word.length() > WIDTH) {
        out.append('\n').repeat(' ', indent);
        position = indent;
      } else if (!first) {
        out.append(' ');
        position++;
      }
      out.append(word);
      position += word.length();
      first = false;
    }
    out.append('\n');
  }

  /** Splits at spaces, but keeps what stands in square brackets together. */
  private static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    int start = 0;
    int depth = 0;
    for (int i = 0; i <= text.length(); i++) {
      char c = i == text.length() ? ' ' : text.charAt(i);
      if (c == '[') {
        depth++;
      } else if (c == ']') {
        depth = Math.max(0, depth - 1);
      }
      if (i == text.length() || (c == ' ' && depth == 0)) {
        if (i > start) {
          words.add(text.substring(start, i));
        }
        start = i + 1;
      }
    }
    return words;
  }

  private static String bracketed(Flags.Positional positional) {
    return positional.required() ? "<" + positional.name() + ">" : "[" + positional.name() + "]";
  }

  private static Row row(Flag flag) {
    StringBuilder left = new StringBuilder();
    if (flag.letter == Flag.NO_LETTER) {
      left.append("    ");
    } else {
      left.append('-').append(flag.letter).append(", ");
    }
    left.append("--").append(flag.name);
    if (flag.kind != Flag.Kind.TOGGLE) {
      left.append(" <").append(flag.placeholder).append('>');
    }
    StringBuilder right = new StringBuilder(flag.help);
    if (flag.repeatable) {
      right.append(" [repeatable]");
    }
    if (flag.env != null) {
      right.append(" [env: ").append(flag.env).append(']');
    }
    if (flag.defaultValue != null) {
      right.append(" [default: ").append(flag.defaultValue).append(']');
    }
    return new Row(left.toString(), right.toString().strip());
  }
}
