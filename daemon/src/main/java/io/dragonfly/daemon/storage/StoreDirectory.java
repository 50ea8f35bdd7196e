package io.dragonfly.daemon.storage;

import io.dragonfly.common.file.Directories;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * The store's directory: one process at a time, and never a directory of somebody else's.
 *
 * <pre>
 * DIR/dragonfly-store        the marker: that DIR/content is ours, and whose writes to trust
 * DIR/dragonfly-store.lock   locked while a store is open
 * DIR/content/               see {@link TaskFiles}
 *
 * marker = "dragonfly piece store 1" LF
 *          "session " number LF                  of the last start; greater than any before
 *          "clean " ("yes" | "no") LF            whether it ended with everything on disk
 *          "doubtful-before " number LF          all earlier sessions are in doubt
 *          "doubtful" (" " number)* LF           and these: they ended without a clean stop
 * </pre>
 *
 * <p>A piece written in a doubtful session is verified before its first use. A marker that can't be
 * read puts all sessions in doubt. Other files in DIR are never touched; a {@code content}
 * directory without a marker beside it is refused.
 */
final class StoreDirectory implements AutoCloseable {
  private static final String MARKER = "dragonfly-store";
  private static final String FIRST_LINE = "dragonfly piece store 1";
  private static final int MAX_MARKER_BYTES = 1 << 20;
  private static final int MAX_DOUBTFUL = 1000;

  /** Sessions are numbered by milliseconds since 1970; this is a thousand years. */
  private static final long BEYOND_ALL = 1L << 45;

  private final Path directory;
  private final FileChannel lockFile;
  private final FileLock fileLock;
  private final Sessions sessions;

  private StoreDirectory(
      Path directory, FileChannel lockFile, FileLock fileLock, Sessions sessions) {
    this.directory = directory;
    this.lockFile = lockFile;
    this.fileLock = fileLock;
    this.sessions = sessions;
  }

  static StoreDirectory open(Path directory, boolean keep, Instant now) throws IOException {
    Files.createDirectories(directory);
    FileChannel lockFile =
        FileChannel.open(
            directory.resolve(MARKER + ".lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE);
    try {
      FileLock fileLock = lock(directory, lockFile);
      Sessions sessions = prepare(directory, keep, now.toEpochMilli());
      StoreDirectory opened = new StoreDirectory(directory, lockFile, fileLock, sessions);
      opened.writeMarker(/* clean= */ false);
      return opened;
    } catch (IOException | RuntimeException e) {
      lockFile.close();
      throw e;
    }
  }

  Path directory() {
    return directory;
  }

  Path kindDirectory(Kind kind) {
    return content(directory).resolve(kind.directory());
  }

  /** Names this opening of the store; greater than any before. */
  long session() {
    return sessions.current;
  }

  /** Whether what was written in the session is certainly on the disk. */
  boolean trusts(long session) {
    return session == sessions.current
        || (session >= sessions.doubtfulBefore
            && session < sessions.current
            && !sessions.doubtful.contains(session));
  }

  /** All that was written in this session is on the disk. */
  void markClean() throws IOException {
    writeMarker(/* clean= */ true);
  }

  @Override
  public void close() throws IOException {
    try (lockFile) {
      fileLock.release();
    }
  }

  private static FileLock lock(Path directory, FileChannel lockFile) throws IOException {
    FileLock fileLock;
    try {
      fileLock = lockFile.tryLock();
    } catch (OverlappingFileLockException e) {
      fileLock = null; // Held by another store in this process.
    }
    if (fileLock == null) {
      throw new IOException(
          "storage directory "
              + directory
              + " is in use by another daemon: stop it, or set another storage.dir");
    }
    return fileLock;
  }

  private static Sessions prepare(Path directory, boolean keep, long now) throws IOException {
    Path marker = directory.resolve(MARKER);
    Path content = content(directory);
    if (!Files.exists(marker)) {
      if (Files.exists(content) && !isEmptyDirectory(content)) {
        throw new IOException(
            "storage directory "
                + directory
                + " has content that this program did not write (no file "
                + MARKER
                + " beside "
                + content
                + "): move or remove "
                + content
                + ", or set another storage.dir");
      }
      Files.createDirectories(content);
      return new Sessions(now, 0, new TreeSet<>());
    }
    if (!keep) {
      Directories.delete(content);
    }
    Files.createDirectories(content);
    return Sessions.next(readMarker(marker), now);
  }

  private static List<String> readMarker(Path marker) throws IOException {
    if (Files.size(marker) > MAX_MARKER_BYTES) {
      return List.of();
    }
    return new String(Files.readAllBytes(marker), StandardCharsets.ISO_8859_1).lines().toList();
  }

  private void writeMarker(boolean clean) throws IOException {
    Path temporary = directory.resolve(MARKER + ".new");
    byte[] text = sessions.text(clean).getBytes(StandardCharsets.ISO_8859_1);
    try (FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(text);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(
        temporary,
        directory.resolve(MARKER),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    forceNames();
  }

  /**
   * Else a loss of power could bring back the marker of the run before, which says that all is on
   * the disk, beside what this run has written.
   */
  private void forceNames() throws IOException {
    if (Files.getFileStore(directory).supportsFileAttributeView(PosixFileAttributeView.class)) {
      try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
        names.force(true);
      }
    }
  }

  private static Path content(Path directory) {
    return directory.resolve("content");
  }

  private static boolean isEmptyDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return false;
    }
    try (DirectoryStream<Path> children = Files.newDirectoryStream(directory)) {
      return !children.iterator().hasNext();
    }
  }

  /** Whose writes are trusted. */
  record Sessions(long current, long doubtfulBefore, TreeSet<Long> doubtful) {

    static Sessions next(List<String> marker, long now) {
      try {
        return parse(marker, now);
      } catch (IllegalArgumentException e) {
        long current = now + BEYOND_ALL; // Even if the clock was set back.
        return new Sessions(current, current, new TreeSet<>());
      }
    }

    private static Sessions parse(List<String> marker, long now) {
      if (marker.size() != 5 || !marker.getFirst().equals(FIRST_LINE)) {
        throw new IllegalArgumentException("not a marker");
      }
      long previous = numbers(marker.get(1), "session").getFirst();
      String clean = marker.get(2);
      long doubtfulBefore = numbers(marker.get(3), "doubtful-before").getFirst();
      TreeSet<Long> doubtful = new TreeSet<>(numbers(marker.get(4), "doubtful"));
      if (!clean.equals("clean yes")) {
        doubtful.add(previous);
      }
      if (doubtful.size() > MAX_DOUBTFUL) {
        doubtfulBefore = doubtful.last() + 1;
        doubtful.clear();
      }
      return new Sessions(Math.max(previous + 1, now), doubtfulBefore, doubtful);
    }

    private static List<Long> numbers(String line, String name) {
      List<String> words = List.of(line.split(" ", -1));
      if (!words.getFirst().equals(name) || (words.size() < 2 && !name.equals("doubtful"))) {
        throw new IllegalArgumentException("not a line of " + name);
      }
      List<Long> numbers = new ArrayList<>();
      for (String word : words.subList(1, words.size())) {
        long number = Long.parseLong(word);
        if (number < 0 || number > Long.MAX_VALUE / 2) {
          throw new IllegalArgumentException("no number of a session: " + word);
        }
        numbers.add(number);
      }
      return numbers;
    }

    String text(boolean clean) {
      StringBuilder text = new StringBuilder(256);
      text.append(FIRST_LINE).append('\n');
      text.append("session ").append(current).append('\n');
      text.append("clean ").append(clean ? "yes" : "no").append('\n');
      text.append("doubtful-before ").append(doubtfulBefore).append('\n');
      text.append("doubtful");
      doubtful.forEach(session -> text.append(' ').append((long) session));
      return text.append('\n').toString();
    }
  }
}
