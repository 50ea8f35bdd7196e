package io.dragonfly.cli.setup;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** One client that is set up, or whose setup is undone. */
final class Task {
  private static final long RELOAD_SECONDS = 90;

  private final String name;
  private final Client client;
  private final Path root;
  private final Wish wish;
  private final boolean dryRun;
  private final PrintStream out;

  Task(String name, Client client, Path root, Wish wish, boolean dryRun, PrintStream out) {
    this.name = name;
    this.client = client;
    this.root = root;
    this.wish = wish;
    this.dryRun = dryRun;
    this.out = out;
  }

  /** Returns whether something had to be written. */
  boolean write() throws SetupException {
    Book book = planned(/* fresh= */ false);
    Map<String, String> changes = book.changes();
    if (!changes.isEmpty() && isAnySetUp(book, changes)) {
      // An earlier setup said something else: its part is replaced, not added to.
      book = planned(/* fresh= */ true);
      changes = book.changes();
    }
    if (changes.isEmpty()) {
      out.println(name + " is set up already; nothing to change.");
      return false;
    }
    for (Map.Entry<String, String> change : changes.entrySet()) {
      show(book.file(change.getKey()), Optional.of(change.getValue()));
    }
    if (dryRun) {
      return false;
    }
    for (Map.Entry<String, String> change : changes.entrySet()) {
      ManagedFile file = book.file(change.getKey());
      Optional<String> original = file.original();
      file.write(original, change.getValue());
      out.println(
          "Wrote "
              + file.name()
              + (original.isPresent()
                  ? "; what it was is in " + file.name() + ManagedFile.BEFORE
                  : ""));
    }
    return true;
  }

  private Book planned(boolean fresh) throws SetupException {
    Book book = new Book(root, fresh);
    client.plan(book, wish);
    return book;
  }

  private static boolean isAnySetUp(Book book, Map<String, String> changes) {
    return changes.keySet().stream().anyMatch(file -> book.file(file).isSetUp());
  }

  private void show(ManagedFile file, Optional<String> text) throws SetupException {
    Optional<String> current = file.current();
    out.print(
        LineDiff.of(current.orElse(""), text.orElse(""))
            .unified(
                current.isPresent() ? file.name() : "/dev/null",
                text.isPresent() ? file.name() : "/dev/null"));
  }

  /** Returns whether something had to be taken back. */
  boolean undo() throws SetupException {
    Book book = new Book(root, /* fresh= */ false);
    Map<ManagedFile, Optional<String>> originals = new LinkedHashMap<>();
    for (String place : client.places(book, wish)) {
      ManagedFile file = book.file(place);
      if (file.isSetUp()) {
        originals.put(file, file.original());
      }
    }
    if (originals.isEmpty()) {
      out.println("Nothing of " + name + " was set up here; nothing to undo.");
      return false;
    }
    for (Map.Entry<ManagedFile, Optional<String>> one : originals.entrySet()) {
      show(one.getKey(), one.getValue());
    }
    if (dryRun) {
      return false;
    }
    for (Map.Entry<ManagedFile, Optional<String>> one : originals.entrySet()) {
      one.getKey().restore(one.getValue());
      out.println(
          (one.getValue().isPresent() ? "Brought back " : "Removed ") + one.getKey().name());
    }
    return true;
  }

  /** Says how a running client is made to read its files, or does it. */
  void reload(boolean now) throws SetupException {
    Optional<List<String>> command = client.reload();
    if (command.isEmpty()) {
      return;
    }
    String text = String.join(" ", command.get());
    if (!now) {
      out.println("Then run: " + text);
      return;
    }
    out.println("Running: " + text);
    out.flush();
    try {
      Process process = new ProcessBuilder(command.get()).inheritIO().start();
      if (!process.waitFor(RELOAD_SECONDS, TimeUnit.SECONDS)) {
        process.destroy();
        throw new SetupException(
            "'" + text + "' did not end within " + RELOAD_SECONDS + " s. The files are written.");
      }
      if (process.exitValue() != 0) {
        throw new SetupException(
            "'" + text + "' ended with " + process.exitValue() + ". The files are written.");
      }
    } catch (IOException e) {
      throw new SetupException(
          "cannot run '" + text + "': " + e.getMessage() + ". The files are written.");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SetupException("interrupted while '" + text + "' ran. The files are written.");
    }
  }

  void explain() throws SetupException {
    for (String note : client.notes(new Book(root, /* fresh= */ false), wish)) {
      out.println(note);
    }
  }
}
