package io.dragonfly.common.flag;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A program's command line: its options, positional arguments and sub-commands, their parsing and
 * the help text.
 *
 * <p>Accepted forms: {@code --name value}, {@code --name=value}, {@code -n value}, {@code -nvalue},
 * {@code -n=value}, several one-letter switches together ({@code -ab}), and {@code --} after which
 * everything is positional. {@code -h/--help} and {@code -V/--version} are always there and win
 * over whatever else is wrong with the line. What the line does not say is taken from the
 * environment (a variable that is empty counts as absent), then from the default.
 *
 * <p>With sub-commands, the first positional argument must name one, and everything after it is
 * left unparsed for the sub-command's own {@link Flags}.
 */
public final class Flags {
  private static final String HELP = "help";
  private static final String VERSION = "version";

  final String program;
  final String description;
  final List<Group> groups = new ArrayList<>();
  final List<Positional> positionals = new ArrayList<>();
  final List<Command> commands = new ArrayList<>();
  private final Map<String, Flag> byName = new HashMap<>();
  private final Map<Character, Flag> byLetter = new HashMap<>();

  record Group(String title, List<Flag> flags) {}

  record Positional(String name, String help, boolean required) {}

  record Command(String name, String help) {}

  /**
   * @param program as the user types it, sub-command included: {@code dfcache import}
   * @param description a sentence or two, shown at the top of the help
   */
  public Flags(String program, String description) {
    this.program = Objects.requireNonNull(program, "program is null");
    this.description = Objects.requireNonNull(description, "description is null");
    register(Flag.toggle(HELP).letter('h').help("Print this text"));
    register(Flag.toggle(VERSION).letter('V').help("Print the version"));
  }

  /** Adds options, which the help lists together under the title. */
  public Flags group(String title, Flag... flags) {
    var group = new Group(title, List.of(flags));
    for (Flag flag : group.flags()) {
      register(flag);
    }
    groups.add(group);
    return this;
  }

  /** Adds a positional argument that must be there. */
  public Flags positional(String name, String help) {
    if (!positionals.isEmpty() && !positionals.getLast().required()) {
      throw new IllegalStateException(name + " cannot follow an optional argument");
    }
    positionals.add(new Positional(name, help, true));
    return this;
  }

  /** Adds a positional argument that may be missing; only others of its kind can follow. */
  public Flags optionalPositional(String name, String help) {
    positionals.add(new Positional(name, help, false));
    return this;
  }

  /** Adds a sub-command; then there are no positional arguments but its name. */
  public Flags command(String name, String help) {
    commands.add(new Command(name, help));
    return this;
  }

  private void register(Flag flag) {
    if (byName.put(flag.name, flag) != null) {
      throw new IllegalStateException("option declared twice: --" + flag.name);
    }
    if (flag.letter != Flag.NO_LETTER && byLetter.put(flag.letter, flag) != null) {
      throw new IllegalStateException("option declared twice: -" + flag.letter);
    }
  }

  /** Parses with the environment of this process. */
  public ParsedFlags parse(String... arguments) throws UsageException {
    return parse(List.of(arguments), System.getenv());
  }

  /**
   * Parses with a given environment.
   *
   * @throws UsageException if the line is wrong, unless it asks for help or the version
   */
  public ParsedFlags parse(List<String> arguments, Map<String, String> environment)
      throws UsageException {
    var parsed = new ParsedFlags(this, environment);
    try {
      new ArgumentParser(this, arguments, parsed).parse();
    } catch (UsageException e) {
      if (!parsed.wantsHelp() && !parsed.wantsVersion()) {
        throw e;
      }
    }
    return parsed;
  }

  /** The help text, at most 100 columns wide. */
  public String help() {
    return new HelpText(this).toString();
  }

  @Nullable Flag find(String name) {
    return byName.get(name);
  }

  @Nullable Flag find(char letter) {
    return byLetter.get(letter);
  }

  Flag declared(String name) {
    Flag flag = byName.get(name);
    if (flag == null) {
      throw new IllegalArgumentException(program + " declares no option --" + name);
    }
    return flag;
  }

  Iterable<Flag> all() {
    return byName.values();
  }
}
