package io.dragonfly.common.flag;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a command line said. Options are asked for by their long name; asking for one that was not
 * declared is a mistake in the program and throws {@link IllegalArgumentException}.
 */
public final class ParsedFlags {
  private final Flags flags;
  private final Map<String, String> environment;
  private final Map<String, List<String>> given = new HashMap<>();
  private final List<String> positionals = new ArrayList<>();
  private @Nullable String command;
  private List<String> rest = List.of();

  ParsedFlags(Flags flags, Map<String, String> environment) {
    this.flags = flags;
    this.environment = environment;
  }

  /** The user asked for {@link Flags#help()}; nothing else need be valid. */
  public boolean wantsHelp() {
    return given.containsKey("help");
  }

  /** The user asked for the version; nothing else need be valid. */
  public boolean wantsVersion() {
    return given.containsKey("version");
  }

  /** Whether the command line or the environment sets the option. */
  public boolean isGiven(String name) {
    return lastGiven(flags.declared(name)) != null;
  }

  /** The option's value: command line, else environment, else default. */
  public Optional<String> value(String name) {
    return Optional.ofNullable(find(flags.declared(name)));
  }

  /** The value of an option that is required or has a default. */
  public String string(String name) {
    Flag flag = flags.declared(name);
    String value = find(flag);
    if (value == null) {
      throw new IllegalStateException("--" + name + " is neither required nor has a default");
    }
    return value;
  }

  /** All values of a repeatable option, in order; empty if there is none. */
  public List<String> values(String name) {
    Flag flag = flags.declared(name);
    List<String> values = given.get(name);
    if (values != null) {
      return List.copyOf(values);
    }
    String value = find(flag);
    return value == null ? List.of() : List.of(value);
  }

  /** Whether a switch is on. */
  public boolean isOn(String name) {
    String value = find(flags.declared(name));
    return value != null && Boolean.TRUE.equals(parseBoolean(value));
  }

  /** The value of an option that is true, false or absent. */
  public Optional<Boolean> bool(String name) {
    String value = find(flags.declared(name));
    return value == null ? Optional.empty() : Optional.ofNullable(parseBoolean(value));
  }

  /**
   * The value of an option that is required or has a default, as a whole number.
   *
   * @throws UsageException if it is not one, or outside the bounds (both inclusive)
   */
  public long number(String name, long smallest, long largest) throws UsageException {
    try {
      long value = Long.parseLong(string(name));
      if (value >= smallest && value <= largest) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below, in the same words as a number out of bounds.
    }
    throw invalid(name, "expected a whole number from " + smallest + " to " + largest);
  }

  /** An error about the option's value, for the caller that parses it further. */
  public UsageException invalid(String name, String expected) {
    Flag flag = flags.declared(name);
    String from =
        given.containsKey(name) || lastGiven(flag) == null
            ? ""
            : " (from the environment variable " + flag.env + ")";
    String value = find(flag);
    return new UsageException(
        "invalid value '"
            + (value == null ? "" : value)
            + "' for --"
            + name
            + from
            + ": "
            + expected);
  }

  /** The positional argument at an index, if given. */
  public Optional<String> positional(int index) {
    return index < positionals.size() ? Optional.of(positionals.get(index)) : Optional.empty();
  }

  /** The value of a required positional argument. */
  public String argument(int index) {
    return positionals.get(index);
  }

  public List<String> positionals() {
    return List.copyOf(positionals);
  }

  /** The sub-command, if the program has some. */
  public Optional<String> command() {
    return Optional.ofNullable(command);
  }

  /** What follows the sub-command, unparsed. */
  public List<String> rest() {
    return rest;
  }

  void give(Flag flag, String value) throws UsageException {
    List<String> values = given.get(flag.name);
    if (values == null) {
      values = new ArrayList<>(1);
      given.put(flag.name, values);
    } else if (!flag.repeatable && flag.kind != Flag.Kind.TOGGLE) {
      throw new UsageException("--" + flag.name + " is given twice; it takes one value");
    }
    values.add(value);
  }

  void givePositional(String value) {
    positionals.add(value);
  }

  void giveCommand(String name, List<String> arguments) {
    command = name;
    rest = List.copyOf(arguments);
  }

  int positionalCount() {
    return positionals.size();
  }

  @Nullable String find(Flag flag) {
    String value = lastGiven(flag);
    return value == null ? flag.defaultValue : value;
  }

  @Nullable String lastGiven(Flag flag) {
    List<String> values = given.get(flag.name);
    if (values != null) {
      return values.get(values.size() - 1);
    }
    if (flag.env == null) {
      return null;
    }
    String value = environment.get(flag.env);
    return value == null || value.isEmpty() ? null : value;
  }

  /** Null if the text is neither. */
  static @Nullable Boolean parseBoolean(String text) {
    if (text.equalsIgnoreCase("true") || text.equals("1")) {
      return true;
    }
    if (text.equalsIgnoreCase("false") || text.equals("0")) {
      return false;
    }
    return null;
  }
}
