package io.dragonfly.common.flag;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** One pass over the arguments; then the checks on what is missing. */
final class ArgumentParser {
  private final Flags flags;
  private final List<String> arguments;
  private final ParsedFlags parsed;
  private int next;

  /** The first complaint, held back until it is known that help was not asked for. */
  private @Nullable UsageException complaint;

  ArgumentParser(Flags flags, List<String> arguments, ParsedFlags parsed) {
    this.flags = flags;
    this.arguments = arguments;
    this.parsed = parsed;
  }

  void parse() throws UsageException {
    boolean onlyPositionals = false;
    while (next < arguments.size() && parsed.command().isEmpty()) {
      String argument = arguments.get(next);
      next++;
      try {
        if (onlyPositionals || argument.length() < 2 || argument.charAt(0) != '-') {
          positional(argument);
        } else if (argument.equals("--")) {
          onlyPositionals = true;
        } else if (argument.charAt(1) == '-') {
          longOption(argument);
        } else {
          letters(argument);
        }
      } catch (UsageException e) {
        if (complaint == null) {
          complaint = e;
        }
      }
    }
    if (complaint != null) {
      throw complaint;
    }
    checkValues();
    checkMissing();
  }

  private void positional(String argument) throws UsageException {
    if (!flags.commands.isEmpty()) {
      for (Flags.Command command : flags.commands) {
        if (command.name().equals(argument)) {
          parsed.giveCommand(argument, arguments.subList(next, arguments.size()));
          return;
        }
      }
      throw new UsageException(
          "unknown command '" + argument + "'" + Suggestion.command(flags, argument));
    }
    if (parsed.positionalCount() == flags.positionals.size()) {
      throw new UsageException(
          flags.positionals.isEmpty()
              ? "unexpected argument '" + argument + "': " + flags.program + " takes options only"
              : "unexpected argument '"
                  + argument
                  + "' after <"
                  + flags.positionals.getLast().name()
                  + ">");
    }
    parsed.givePositional(argument);
  }

  private void longOption(String argument) throws UsageException {
    int equals = argument.indexOf('=');
    String name = equals < 0 ? argument.substring(2) : argument.substring(2, equals);
    Flag flag = flags.find(name);
    if (flag == null) {
      throw new UsageException("unknown option --" + name + Suggestion.option(flags, name));
    }
    if (equals >= 0) {
      parsed.give(flag, argument.substring(equals + 1));
    } else if (flag.kind == Flag.Kind.TOGGLE) {
      parsed.give(flag, "true");
    } else {
      parsed.give(flag, nextValue(flag));
    }
  }

  private void letters(String argument) throws UsageException {
    for (int i = 1; i < argument.length(); i++) {
      Flag flag = flags.find(argument.charAt(i));
      if (flag == null) {
        throw new UsageException(
            "unknown option -"
                + argument.charAt(i)
                + (argument.length() == 2 ? "" : " in '" + argument + "'"));
      }
      boolean equals = i + 1 < argument.length() && argument.charAt(i + 1) == '=';
      if (flag.kind == Flag.Kind.TOGGLE && !equals) {
        parsed.give(flag, "true");
        continue;
      }
      if (i + 1 == argument.length()) {
        parsed.give(flag, nextValue(flag));
      } else {
        parsed.give(flag, argument.substring(equals ? i + 2 : i + 1));
      }
      return;
    }
  }

  /** The next argument, unless it is an option itself. */
  private String nextValue(Flag flag) throws UsageException {
    if (next < arguments.size() && !isOption(arguments.get(next))) {
      String value = arguments.get(next);
      next++;
      return value;
    }
    throw new UsageException(
        "--" + flag.name + " needs a value: --" + flag.name + " <" + flag.placeholder + ">");
  }

  /** Something like "-1" or "-" or "--- text" is a value; "--output" and "-O" are not. */
  private boolean isOption(String argument) {
    if (argument.length() < 2 || argument.charAt(0) != '-') {
      return false;
    }
    if (argument.charAt(1) != '-') {
      return flags.find(argument.charAt(1)) != null;
    }
    int equals = argument.indexOf('=');
    return argument.length() == 2
        || flags.find(equals < 0 ? argument.substring(2) : argument.substring(2, equals)) != null;
  }

  private void checkValues() throws UsageException {
    for (Flag flag : flags.all()) {
      if (flag.kind != Flag.Kind.VALUE) {
        String value = parsed.find(flag);
        if (value != null && ParsedFlags.parseBoolean(value) == null) {
          throw parsed.invalid(flag.name, "expected true or false");
        }
      }
    }
  }

  private void checkMissing() throws UsageException {
    if (parsed.wantsHelp() || parsed.wantsVersion()) {
      return;
    }
    for (Flags.Group group : flags.groups) {
      for (Flag flag : group.flags()) {
        if (flag.required && parsed.find(flag) == null) {
          throw new UsageException(
              "missing --"
                  + flag.name
                  + " <"
                  + flag.placeholder
                  + ">"
                  + (flag.env == null ? "" : " (or the environment variable " + flag.env + ")"));
        }
      }
    }
    int count = parsed.positionalCount();
    if (count < flags.positionals.size() && flags.positionals.get(count).required()) {
      throw new UsageException("missing argument <" + flags.positionals.get(count).name() + ">");
    }
    if (!flags.commands.isEmpty() && parsed.command().isEmpty()) {
      throw new UsageException("missing command: one of " + Suggestion.commandNames(flags));
    }
  }
}
