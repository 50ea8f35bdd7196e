package io.dragonfly.lab.faults;

import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A small disk in memory that can run full without harm to anybody else. */
final class Tmpfs implements AutoCloseable {
  private static final int CHUNK = 64 << 10;

  private final Path directory;

  private Tmpfs(Path directory) {
    this.directory = directory;
  }

  /**
   * Mounts one at a directory, which is made.
   *
   * @throws IOException where this user may not mount
   */
  static Tmpfs mount(Path directory, long mebibytes) throws IOException, InterruptedException {
    Files.createDirectories(directory);
    Tool.MOUNT.run("-t", "tmpfs", "-o", "size=" + mebibytes + "m", "tmpfs", directory.toString());
    return new Tmpfs(directory);
  }

  Path directory() {
    return directory;
  }

  /** A file that takes all the room that is left; deleting it gives it back. */
  Path fill() throws IOException {
    Path filler = directory.resolve("filler");
    byte[] chunk = new byte[CHUNK];
    try (OutputStream out = Files.newOutputStream(filler)) {
      while (true) {
        out.write(chunk);
      }
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains("No space left")) {
        throw e;
      }
    }
    return filler;
  }

  long usableBytes() throws IOException {
    return Files.getFileStore(directory).getUsableSpace();
  }

  /** Also while files on it are open. */
  @Override
  public void close() throws IOException {
    try {
      Tool.UMOUNT.run("--lazy", directory.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
