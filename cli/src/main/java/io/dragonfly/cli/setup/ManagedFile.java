package io.dragonfly.cli.setup;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One file of a client's configuration. Beside it are what it was before setup changed it ({@link
 * #BEFORE}, absent when there was no file) and what setup made of it ({@link #AFTER}): by them an
 * undo knows what to bring back. The clients read neither.
 */
final class ManagedFile {
  static final String BEFORE = ".dragonfly-before";
  static final String AFTER = ".dragonfly-after";

  private static final long LONGEST = 1 << 20;

  private final Path root;
  private final String name;

  /**
   * @param root {@code /}, or the directory that stands for it
   * @param name absolute, as the client knows it
   */
  ManagedFile(Path root, String name) {
    this.root = root;
    this.name = name;
  }

  String name() {
    return name;
  }

  private Path directory() {
    return root.resolve(name.substring(1, Math.max(1, name.lastIndexOf('/'))));
  }

  private Path path(String suffix) {
    return root.resolve(name.substring(1) + suffix);
  }

  boolean isSetUp() {
    return Files.exists(path(AFTER), LinkOption.NOFOLLOW_LINKS);
  }

  /** Empty when there is no such file. */
  Optional<String> current() throws SetupException {
    return read("");
  }

  /** What the file is without setup's part; empty when it was not there. */
  Optional<String> original() throws SetupException {
    Optional<String> current = current();
    Optional<String> after = read(AFTER);
    if (after.isEmpty() || current.isEmpty()) {
      return current;
    }
    Optional<String> before = read(BEFORE);
    if (current.equals(after) || current.equals(before)) {
      return before;
    }
    String rest = Undone.of(name, before.orElse(""), after.get(), current.get());
    return before.isEmpty() && rest.isBlank() ? Optional.empty() : Optional.of(rest);
  }

  private Optional<String> read(String suffix) throws SetupException {
    Path file = path(suffix);
    try {
      if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        return Optional.empty();
      }
      Path target = target(file);
      if (!Files.isRegularFile(target)) {
        throw new SetupException(name + suffix + " is no file: move it away.");
      }
      if (Files.size(target) > LONGEST) {
        throw new SetupException(name + suffix + " is longer than 1 MiB: edit it by hand.");
      }
      return Optional.of(
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(Files.readAllBytes(target)))
              .toString());
    } catch (CharacterCodingException e) {
      throw new SetupException(name + suffix + " is not UTF-8: convert it, or edit it by hand.");
    } catch (IOException e) {
      throw SetupException.of("read " + name + suffix, e);
    }
  }

  /** The file itself, or what it links to in its own directory or below. */
  private Path target(Path file) throws IOException, SetupException {
    Path directory = directory().toRealPath();
    if (!directory.startsWith(root.toRealPath())) {
      throw new SetupException(name + " lies outside of " + root + " by a symbolic link.");
    }
    if (!Files.isSymbolicLink(file)) {
      return file;
    }
    Path real = file.toRealPath();
    if (!real.startsWith(directory)) {
      throw new SetupException(
          name
              + " is a symbolic link to "
              + real
              + ", outside of its directory: edit that file by hand, or put a copy of it here.");
    }
    return real;
  }

  /**
   * Writes the new text, and what an undo needs before it.
   *
   * @param original the file without setup's part
   */
  void write(Optional<String> original, String text) throws SetupException {
    try {
      makeDirectory(directory());
      Path model = target(path(""));
      if (original.isPresent()) {
        replace(path(BEFORE), original.get(), model);
      } else {
        Files.deleteIfExists(path(BEFORE));
      }
      replace(path(AFTER), text, model);
      replace(model, text, model);
    } catch (IOException e) {
      throw SetupException.of("write " + name, e);
    }
  }

  /** Brings the file back to what it was, and forgets that it was changed. */
  void restore(Optional<String> original) throws SetupException {
    try {
      Path file = target(path(""));
      if (original.isPresent()) {
        replace(file, original.get(), file);
      } else {
        Files.deleteIfExists(file);
      }
      forget();
    } catch (IOException e) {
      throw SetupException.of("write " + name, e);
    }
  }

  /** Forgets what an undo would bring back; removes directories made for the file and empty now. */
  private void forget() throws IOException {
    Files.deleteIfExists(path(BEFORE));
    Files.deleteIfExists(path(AFTER));
    for (@Nullable Path directory = directory();
        directory != null && !directory.equals(root);
        directory = directory.getParent()) {
      Path mark = directory.resolve(MADE);
      if (!Files.exists(mark, LinkOption.NOFOLLOW_LINKS)) {
        return;
      }
      try (var entries = Files.list(directory)) {
        if (entries.anyMatch(entry -> !entry.equals(mark))) {
          return;
        }
      }
      Files.delete(mark);
      Files.delete(directory);
    }
  }

  private static final String MADE = ".dragonfly-made";

  private static void makeDirectory(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      return;
    }
    @Nullable Path parent = directory.getParent();
    if (parent != null) {
      makeDirectory(parent);
    }
    Files.createDirectory(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    Files.createFile(directory.resolve(MADE));
  }

  /** All at once, with the mode and the owner of the model, if there is one. */
  private static void replace(Path file, String text, Path model) throws IOException {
    boolean present = Files.exists(model);
    Set<PosixFilePermission> mode =
        present
            ? Files.getPosixFilePermissions(model)
            : PosixFilePermissions.fromString("rw-r--r--");
    Path temporary = Files.createTempFile(file.getParent(), ".dragonfly-", ".new");
    try {
      try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      if (present) {
        for (String attribute : new String[] {"unix:gid", "unix:uid"}) {
          Object wanted = Files.getAttribute(model, attribute);
          if (!wanted.equals(Files.getAttribute(temporary, attribute))) {
            Files.setAttribute(temporary, attribute, wanted);
          }
        }
      }
      Files.setPosixFilePermissions(temporary, mode);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
