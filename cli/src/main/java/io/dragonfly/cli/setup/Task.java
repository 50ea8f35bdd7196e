package io.dragonfly.cli.setup;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** One client that is set up, or whose setup is undone. */
final class Task {
  private static final long RELOAD_SECONDS = 90;

  private final String name;
  private final Client client;
  private final Path root;
  private final Wish wish;
  private final boolean dryRun;
  private final PrintStream out;

  /** The files as they are, or as they shall be once they are planned. */
  private Book plan;

  Task(String name, Client client, Path root, Wish wish, boolean dryRun, PrintStream out) {
    this.name = name;
    this.client = client;
    this.root = root;
    this.wish = wish;
    this.dryRun = dryRun;
    this.out = out;
    this.plan = new Book(root, /* fresh= */ false);
  }

  /** Returns the files that had to be written. */
  Set<String> write() throws SetupException {
    Book book = planned();
    Map<String, String> changes = book.changes();
    plan = book;
    if (changes.isEmpty()) {
      out.println(name + " is set up already; nothing to change.");
      return Set.of();
    }
    for (Map.Entry<String, String> change : changes.entrySet()) {
      show(book.file(change.getKey()), Optional.of(change.getValue()));
    }
    if (dryRun) {
      return Set.of();
    }
    Map<ManagedFile, ManagedFile.Kept> begun = new LinkedHashMap<>();
    List<String> said = new ArrayList<>();
    try {
      for (Map.Entry<String, String> change : changes.entrySet()) {
        ManagedFile file = book.file(change.getKey());
        begun.put(file, file.keep());
        Optional<String> original = file.original();
        file.write(original, change.getValue());
        said.add(
            "Wrote "
                + file.name()
                + (original.isPresent()
                    ? "; what it was is in " + file.name() + ManagedFile.BEFORE
                    : ""));
      }
    } catch (SetupException e) {
      throw new SetupException(e.getMessage() + putBack(begun));
    }
    said.forEach(out::println);
    return changes.keySet();
  }

  /** Returns how that went, as an end of a message. */
  private static String putBack(Map<ManagedFile, ManagedFile.Kept> begun) {
    try {
      for (Map.Entry<ManagedFile, ManagedFile.Kept> one : begun.entrySet()) {
        one.getKey().putBack(one.getValue());
      }
      return " Nothing was changed.";
    } catch (SetupException e) {
      return " What was written before that stays, for the same reason: " + e.getMessage();
    }
  }

  private Book planned() throws SetupException {
    Book book;
    try {
      book = planned(/* fresh= */ false);
    } catch (SetupException e) {
      if (client.places(plan, wish).stream().noneMatch(place -> plan.file(place).isSetUp())) {
        throw e;
      }
      return planned(/* fresh= */ true); // what is in the way may be of an earlier setup
    }
    Map<String, String> changes = book.changes();
    if (changes.keySet().stream().noneMatch(file -> plan.file(file).isSetUp())) {
      return book;
    }
    // An earlier setup said something else: its part is replaced, not added to.
    return planned(/* fresh= */ true);
  }

  private Book planned(boolean fresh) throws SetupException {
    Book book = new Book(root, fresh);
    client.plan(book, wish);
    return book;
  }

  private void show(ManagedFile file, Optional<String> text) throws SetupException {
    Optional<String> current = file.current();
    if (file.name().endsWith(".pem")) {
      out.println(
          (text.isPresent() ? "A file of certificates: " : "No more file of certificates: ")
              + file.name());
      return;
    }
    out.print(
        LineDiff.of(current.orElse(""), text.orElse(""))
            .unified(
                current.isPresent() ? file.name() : "/dev/null",
                text.isPresent() ? file.name() : "/dev/null"));
  }

  /** Returns the files that had to be taken back. */
  Set<String> undo() throws SetupException {
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
      return Set.of();
    }
    for (Map.Entry<ManagedFile, Optional<String>> one : originals.entrySet()) {
      show(one.getKey(), one.getValue());
    }
    if (dryRun) {
      return Set.of();
    }
    for (Map.Entry<ManagedFile, Optional<String>> one : originals.entrySet()) {
      one.getKey().restore(one.getValue());
      out.println(
          (one.getValue().isPresent() ? "Brought back " : "Removed ") + one.getKey().name());
    }
    return originals.keySet().stream().map(ManagedFile::name).collect(Collectors.toSet());
  }

  /** Says how a running client is made to read the files that changed, or does it. */
  void reload(Set<String> changed, boolean now) throws SetupException {
    Optional<List<String>> command = client.reload(changed);
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
    for (String note : client.notes(plan, wish)) {
      out.println(note);
    }
  }
}
