package io.dragonfly.lab.process;

import io.dragonfly.common.file.Directories;
import io.dragonfly.common.file.FileProblem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * The directory of one run, {@code lab-PID} below the one that the user named: short, for it holds
 * unix sockets. It carries a mark; those of runs that are no more are removed when one is opened.
 */
public final class Workplace implements AutoCloseable {
  private static final String PREFIX = "lab-";
  private static final String MARK = ".dragonfly-lab";

  /** Of a unix socket, less the longest name that a run gives one below its directory. */
  private static final int LONGEST_PATH = 107 - "/dragonfly/peer-100/d.sock".length();

  private static final int CLEANING_ATTEMPTS = 100;
  private static final Duration BETWEEN_ATTEMPTS = Duration.ofMillis(50);

  private final Path directory;

  private Workplace(Path directory) {
    this.directory = directory;
  }

  /**
   * Makes the directory.
   *
   * @param bytes how much room the run needs
   */
  public static Workplace open(Path parent, long bytes) throws IOException {
    Path directory =
        parent.toAbsolutePath().normalize().resolve(PREFIX + ProcessHandle.current().pid());
    if (directory.toString().length() > LONGEST_PATH) {
      throw new IOException(
          "the path "
              + directory
              + " is too long for the unix sockets in it: name a shorter one by --work");
    }
    try {
      Files.createDirectories(parent);
      removeLeftovers(parent);
      Workplace workplace = new Workplace(directory);
      workplace.clear();
      Files.createFile(Files.createDirectory(directory).resolve(MARK));
      long usable = Files.getFileStore(directory).getUsableSpace();
      if (usable < bytes) {
        workplace.close();
        throw new IOException(
            "%s has %d MiB left and the run needs %d MiB: make room, or name another place by --work"
                .formatted(parent, usable >> 20, bytes >> 20));
      }
      return workplace;
    } catch (FileSystemException e) {
      throw new IOException(
          "cannot work in " + parent + ", " + FileProblem.of(e) + ": name another place by --work",
          e);
    }
  }

  public Path directory() {
    return directory;
  }

  private static void removeLeftovers(Path parent) throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path directory : found) {
        String pid = directory.getFileName().toString().substring(PREFIX.length());
        if (Files.exists(directory.resolve(MARK)) && !isAlive(pid)) {
          System.err.println("lab: removing " + directory + ", which an earlier run left");
          new Workplace(directory).close();
        }
      }
    }
  }

  /** Whether a process of that number runs. */
  public static boolean isAlive(String pid) {
    return pid.matches("\\d{1,9}") && Files.exists(Path.of("/proc", pid));
  }

  /** What is mounted in it, the innermost first. */
  private List<String> mounts() throws IOException {
    Path mounts = Path.of("/proc/self/mounts");
    if (!Files.isReadable(mounts)) {
      return List.of();
    }
    return Files.readAllLines(mounts).stream()
        .map(line -> line.split(" ", 3)[1])
        .filter(mount -> mount.startsWith(directory + "/"))
        .toList()
        .reversed();
  }

  private void clear() throws IOException {
    for (String mount : mounts()) {
      try {
        Tool.UMOUNT.run("--lazy", mount);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    Directories.delete(directory);
  }

  /**
   * Removes it with all that is in it. Whoever still writes there, for he does not know yet that
   * the run is over, may do so for some seconds.
   */
  @Override
  public void close() {
    for (int attempt = 1; ; attempt++) {
      try {
        clear();
        return;
      } catch (IOException | UncheckedIOException e) {
        if (attempt == CLEANING_ATTEMPTS) {
          System.err.println(
              "lab: " + directory + " is left, for it cannot be removed: " + e.getMessage());
          return;
        }
      }
      try {
        Thread.sleep(BETWEEN_ATTEMPTS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
