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

  /** The text of a file that is not to be written, which may be a link. */
  Optional<String> linked() throws SetupException {
    try {
      if (!Files.isRegularFile(path(""))) {
        return Optional.empty();
      }
      Path real = path("").toRealPath();
      checkInside(real);
      return Optional.of(text("", real));
    } catch (IOException e) {
      throw SetupException.of("read " + name, e);
    }
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
      return Optional.of(text(suffix, target));
    } catch (IOException e) {
      throw SetupException.of("read " + name + suffix, e);
    }
  }

  private String text(String suffix, Path file) throws IOException, SetupException {
    if (Files.size(file) > LONGEST) {
      throw new SetupException(name + suffix + " is longer than 1 MiB: edit it by hand.");
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
          .toString();
    } catch (CharacterCodingException e) {
      throw new SetupException(name + suffix + " is not UTF-8: convert it, or edit it by hand.");
    }
  }

  /** The file itself, or what it links to in its own directory or below. */
  private Path target(Path file) throws IOException, SetupException {
    Path directory = directory().toRealPath();
    checkInside(directory);
    if (!Files.isSymbolicLink(file)) {
      return file;
    }
    if (!Files.exists(file)) {
      throw new SetupException(
          name + " is a symbolic link to nothing: remove it, or make what it leads to.");
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

  private void checkInside(Path directory) throws IOException, SetupException {
    if (!directory.startsWith(root.toRealPath())) {
      throw new SetupException(name + " lies outside of " + root + " by a symbolic link.");
    }
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

  /**
   * What a file and what is beside it were at a moment.
   *
   * @param current the file itself
   */
  record Kept(Optional<String> current, Optional<String> before, Optional<String> after) {}

  Kept keep() throws SetupException {
    return new Kept(read(""), read(BEFORE), read(AFTER));
  }

  /** Makes all as it was, after a write that failed here or at another file. */
  void putBack(Kept kept) throws SetupException {
    if (!Files.isDirectory(directory())) {
      return;
    }
    try {
      Path file = target(path(""));
      put(file, kept.current, file);
      put(path(AFTER), kept.after, file);
      put(path(BEFORE), kept.before, file);
      removeMadeDirectories();
    } catch (IOException e) {
      throw SetupException.of("put back " + name, e);
    }
  }

  private static void put(Path file, Optional<String> text, Path model) throws IOException {
    if (text.isEmpty()) {
      Files.deleteIfExists(file);
    } else if (!Files.exists(file) || !Files.readString(file).equals(text.get())) {
      replace(file, text.get(), model);
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

  /**
   * Forgets what an undo would bring back. In this order, for without {@link #AFTER} nothing is set
   * up; without {@link #BEFORE} alone, all of the file would count as setup's.
   */
  private void forget() throws IOException {
    Files.deleteIfExists(path(AFTER));
    Files.deleteIfExists(path(BEFORE));
    removeMadeDirectories();
  }

  /** Those that were made for the file and are empty now. */
  private void removeMadeDirectories() throws IOException {
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

  /** Never by a link that leads out of the root; its owner is that of the directory above. */
  private void makeDirectory(Path directory) throws IOException, SetupException {
    if (Files.isDirectory(directory)) {
      return;
    }
    @Nullable Path parent = directory.getParent();
    if (parent == null) {
      return;
    }
    makeDirectory(parent);
    checkInside(parent.toRealPath());
    Files.createDirectory(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    Files.createFile(directory.resolve(MADE));
    if (isRoot()) {
      takeOwner(directory, parent);
      takeOwner(directory.resolve(MADE), parent);
    }
  }

  private static void takeOwner(Path file, Path model) throws IOException {
    for (String attribute : new String[] {"unix:gid", "unix:uid"}) {
      Object wanted = Files.getAttribute(model, attribute);
      if (!wanted.equals(Files.getAttribute(file, attribute))) {
        Files.setAttribute(file, attribute, wanted);
      }
    }
  }

  /** Whether this process may give files to others. */
  static boolean isRoot() throws IOException {
    Path self = Path.of("/proc/self");
    return Files.exists(self) && Files.getAttribute(self, "unix:uid").equals(0);
  }

  /**
   * All at once, with the mode and the owner of the model; where there is none, with the owner of
   * the directory.
   */
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
        takeOwner(temporary, model);
      } else if (isRoot()) {
        takeOwner(temporary, file.resolveSibling(""));
      }
      Files.setPosixFilePermissions(temporary, mode);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
