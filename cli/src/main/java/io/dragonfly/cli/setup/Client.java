package io.dragonfly.cli.setup;

import java.util.List;
import java.util.Optional;

/** A program whose configuration can be written. */
interface Client {
  /** Writes into the book what the client's files shall be. */
  void plan(Book book, Wish wish) throws SetupException;

  /** Files that {@link #plan} may have written, now or with another wish; for an undo. */
  List<String> places(Book book, Wish wish) throws SetupException;

  /** Its program, as it is found on the path. */
  String program();

  /** Whether its files send it to the daemon's proxy. */
  default boolean uses(Book book, Wish wish) throws SetupException {
    for (String place : places(book, wish)) {
      if (book.read(place).orElse("").contains(wish.proxy().toString())) {
        return true;
      }
    }
    return false;
  }

  /** The command that makes the running client read its files; empty when none is needed. */
  Optional<List<String>> reload();

  /** What the user should know, a line each. */
  List<String> notes(Book book, Wish wish) throws SetupException;
}
