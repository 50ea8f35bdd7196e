package io.dragonfly.cli.setup;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** A program whose configuration can be written. */
interface Client {
  /** Whose files are written when the command line does not say it. */
  enum Owner {
    /** Those of all users; there are no others. */
    SYSTEM,
    /** Those of the user who runs it. */
    USER,
    /** Those of all users where it is root who runs it, else the user's. */
    USER_UNLESS_ROOT
  }

  /** Writes into the book what the client's files shall be. */
  void plan(Book book, Wish wish) throws SetupException;

  /** Files that {@link #plan} may have written, now or with another wish; for an undo. */
  List<String> places(Book book, Wish wish) throws SetupException;

  /** Its program, as it is found on the path. */
  String program();

  default Owner owner() {
    return Owner.SYSTEM;
  }

  /** What it understands of {@code registry}, {@code index-url} and {@code ca}. */
  Set<String> options();

  /** Whether its files send it to the daemon's proxy. */
  default boolean uses(Book book, Wish wish) throws SetupException {
    Pattern address = Pattern.compile(Pattern.quote(wish.proxy().toString()) + "(?![0-9])");
    for (String place : places(book, wish)) {
      if (address.matcher(book.read(place).orElse("")).find()) {
        return true;
      }
    }
    return false;
  }

  /** The command that makes the running client read files that changed; empty if none is needed. */
  Optional<List<String>> reload(Set<String> changed);

  /**
   * What the user should know, a line each.
   *
   * @param book what the files are, or shall be
   */
  List<String> notes(Book book, Wish wish) throws SetupException;
}
