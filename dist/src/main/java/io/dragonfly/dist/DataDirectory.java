package io.dragonfly.dist;

import io.dragonfly.common.file.FileProblem;
import io.dragonfly.common.lifecycle.StartException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** The directory of one standalone, which only one process uses at a time. */
final class DataDirectory implements AutoCloseable {
  private final Path path;
  private final FileChannel lockFile;
  private final FileLock lock;

  private DataDirectory(Path path, FileChannel lockFile, FileLock lock) {
    this.path = path;
    this.lockFile = lockFile;
    this.lock = lock;
  }

  /**
   * Makes the directory if need be.
   *
   * @throws StartException if another process uses it, or it cannot be written to
   */
  static DataDirectory open(Path path) throws StartException {
    Path file = path.resolve("standalone.lock");
    try {
      Files.createDirectories(path);
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      @Nullable FileLock lock = tryLock(channel);
      if (lock == null) {
        String owner = owner(channel);
        channel.close();
        throw new StartException(
            "a standalone is running on "
                + path
                + " already"
                + owner
                + ". Use that one, stop it, or pass another --data-dir.");
      }
      channel.truncate(0);
      channel.write(
          ByteBuffer.wrap(
              Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
      return new DataDirectory(path, channel, lock);
    } catch (IOException e) {
      throw new StartException(
          "cannot use the data directory "
              + path
              + ": "
              + FileProblem.of(e)
              + ". Pass a --data-dir you may write to.",
          e);
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // this very process has it
    }
  }

  private static String owner(FileChannel channel) throws IOException {
    ByteBuffer text = ByteBuffer.allocate(20);
    channel.read(text, 0);
    String pid = StandardCharsets.US_ASCII.decode(text.flip()).toString();
    return pid.isEmpty() ? "" : " (process " + pid + ")";
  }

  Path path() {
    return path;
  }

  Path logs() {
    return path.resolve("logs");
  }

  @Override
  public void close() {
    try (lockFile) {
      lock.release();
    } catch (IOException e) {
      // The lock ends with the process at the latest.
    }
  }
}
