package io.dragonfly.common.flag;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The declaration of one option. Built by chained calls and then given to {@link Flags}, after
 * which it must not change.
 *
 * <pre>
 *   Flag.value("output", "PATH").letter('O').required().help("Where the file goes")
 *   Flag.toggle("overwrite").env("DFGET_OVERWRITE").help("Replace an existing file")
 * </pre>
 */
public final class Flag {
  enum Kind {
    /** Takes a value. */
    VALUE,
    /** Takes true or false as its value, which must be there. */
    BOOLEAN,
    /** Alone it means true; {@code --name=false} is possible. */
    TOGGLE
  }

  static final char NO_LETTER = 0;

  final String name;
  final Kind kind;
  final String placeholder;
  char letter = NO_LETTER;
  @Nullable String env;
  @Nullable String defaultValue;
  boolean repeatable;
  boolean required;
  boolean hidden;
  String help = "";

  private Flag(String name, Kind kind, String placeholder) {
    this.name = Objects.requireNonNull(name, "name is null");
    this.kind = kind;
    this.placeholder = Objects.requireNonNull(placeholder, "placeholder is null");
    if (name.length() < 2 || name.charAt(0) == '-' || name.indexOf('=') >= 0) {
      throw new IllegalArgumentException("not a name of an option: " + name);
    }
  }

  /** An option with a value: {@code --name value}, {@code --name=value}. */
  public static Flag value(String name, String placeholder) {
    return new Flag(name, Kind.VALUE, placeholder);
  }

  /** An option whose value is true or false and must be given; absent, it is neither. */
  public static Flag bool(String name) {
    return new Flag(name, Kind.BOOLEAN, "true|false");
  }

  /** A switch: false unless given. */
  public static Flag toggle(String name) {
    return new Flag(name, Kind.TOGGLE, "");
  }

  /** The one-letter form. */
  public Flag letter(char value) {
    if (value <= ' ' || value == '-' || value == '=' || value > '~') {
      throw new IllegalArgumentException("not a letter for an option: " + value);
    }
    letter = value;
    return this;
  }

  /** The environment variable that counts if the command line has no such option. */
  public Flag env(String variable) {
    env = Objects.requireNonNull(variable, "variable is null");
    return this;
  }

  /** What counts if neither the command line nor the environment says anything. */
  public Flag defaultsTo(String value) {
    defaultValue = Objects.requireNonNull(value, "value is null");
    return this;
  }

  /** May be given many times; all values are kept in order. */
  public Flag repeatable() {
    if (kind != Kind.VALUE) {
      throw new IllegalStateException("only an option with a value can be repeated: " + name);
    }
    repeatable = true;
    return this;
  }

  /** Must be given, on the command line or in the environment. */
  public Flag required() {
    required = true;
    return this;
  }

  /** Works, but the help does not list it. */
  public Flag hidden() {
    hidden = true;
    return this;
  }

  /** One or two sentences for the help text. */
  public Flag help(String text) {
    help = Objects.requireNonNull(text, "text is null");
    return this;
  }
}
