package io.dragonfly.cli.download;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A file in the making: it has a temporary name in the directory of the output and takes the
 * output's name in {@link #commit}. Whatever ends before that, a signal included, removes the
 * temporary file and leaves what was there before.
 */
public final class PartialFile implements AutoCloseable {
  private static final int ATTEMPTS = 100;

  private final Path output;
  private final Path path;
  private final boolean overwrite;
  private final FileChannel channel;
  private final Thread onExit;
  private boolean done;

  private PartialFile(Path output, Path path, boolean overwrite, FileChannel channel) {
    this.output = output;
    this.path = path;
    this.overwrite = overwrite;
    this.channel = channel;
    this.onExit = new Thread(this::remove, "dfget-cleanup");
    Runtime.getRuntime().addShutdownHook(onExit);
  }

  /** Makes the temporary file beside {@code output}. */
  public static PartialFile create(Path output, boolean overwrite) throws IOException {
    long pid = ProcessHandle.current().pid();
    for (int attempt = 0; ; attempt++) {
      Path path = sibling(output, "." + pid + "-" + attempt + ".dfget");
      try {
        FileChannel channel =
            FileChannel.open(
                path,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        return new PartialFile(output, path, overwrite, channel);
      } catch (FileAlreadyExistsException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  /** A hidden name beside the output; long names are cut, for file names end at 255 bytes. */
  static Path sibling(Path output, String suffix) {
    String name = String.valueOf(output.getFileName());
    int room = 60;
    return output.resolveSibling(
        "." + (name.length() > room ? name.substring(0, room) : name) + suffix);
  }

  public FileChannel channel() {
    return channel;
  }

  /** The temporary name. */
  public Path path() {
    return path;
  }

  /**
   * Gives the file its name. Fails when a file appeared there meanwhile and may not be replaced.
   */
  public void commit() throws IOException {
    channel.close();
    publish(path, output, overwrite);
    done = true;
  }

  /**
   * Renames; without {@code overwrite} an existing file is never replaced, whoever made it when.
   */
  static void publish(Path from, Path output, boolean overwrite) throws IOException {
    if (overwrite) {
      Files.move(from, output, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return;
    }
    try {
      // A hard link is the only way to take a name that must be free in one step.
      Files.createLink(output, from);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException | UnsupportedOperationException e) {
      Files.move(from, output);
      return;
    }
    Files.delete(from);
  }

  /** Removes the temporary file unless it was committed. */
  @Override
  public void close() throws IOException {
    try {
      Runtime.getRuntime().removeShutdownHook(onExit);
    } catch (IllegalStateException e) {
      return; // the machine is going down and the hook does the work
    }
    channel.close();
    if (!done) {
      Files.deleteIfExists(path);
    }
  }

  private void remove() {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      System.err.println("dfget: cannot remove " + path + ": " + e.getMessage());
    }
  }
}
