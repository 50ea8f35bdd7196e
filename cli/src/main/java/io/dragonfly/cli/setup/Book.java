package io.dragonfly.cli.setup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The files that a client's configuration is made of, as they are and as they shall be. */
final class Book {
  private final Path root;
  private final boolean fresh;
  private final Map<String, String> written = new LinkedHashMap<>();

  /**
   * @param root {@code /}, or the directory that stands for it
   * @param fresh begin with the files as they were before setup changed them
   */
  Book(Path root, boolean fresh) {
    this.root = root;
    this.fresh = fresh;
  }

  ManagedFile file(String name) {
    return new ManagedFile(root, name);
  }

  /** The text to begin with, or what was written since; empty if there is no such file. */
  Optional<String> read(String name) throws SetupException {
    String text = written.get(name);
    if (text != null) {
      return Optional.of(text);
    }
    return fresh ? file(name).original() : file(name).current();
  }

  /** A file of others that is only read, wherever it links to below the root. */
  Optional<String> readLinked(String name) throws SetupException {
    return file(name).linked();
  }

  /** The first of these places, unless there is a file at a later one only. */
  String present(List<String> places) throws SetupException {
    for (String place : places) {
      if (read(place).isPresent()) {
        return place;
      }
    }
    return places.getFirst();
  }

  void write(String name, String text) {
    written.put(name, text);
  }

  /** Texts that differ from what the files are now, by the files' names. */
  Map<String, String> changes() throws SetupException {
    Map<String, String> changes = new LinkedHashMap<>();
    for (Map.Entry<String, String> entry : written.entrySet()) {
      if (!file(entry.getKey()).current().equals(Optional.of(entry.getValue()))) {
        changes.put(entry.getKey(), entry.getValue());
      }
    }
    return changes;
  }

  /** Files whose names end so in a directory, sorted; none if there is no such directory. */
  List<String> list(String directory, String suffix) throws SetupException {
    Path path = root.resolve(directory.substring(1));
    if (!Files.isDirectory(path)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(path)) {
      return entries
          .map(entry -> entry.getFileName().toString())
          .filter(name -> name.endsWith(suffix))
          .sorted()
          .map(name -> directory + "/" + name)
          .toList();
    } catch (IOException e) {
      throw SetupException.of("read " + directory, e);
    }
  }
}
