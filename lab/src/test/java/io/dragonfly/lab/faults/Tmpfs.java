package io.dragonfly.lab.faults;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A small disk in memory that can run full without harm to anybody else. */
final class Tmpfs implements AutoCloseable {
  private static final int CHUNK = 64 << 10;

  private final Path directory;

  private Tmpfs(Path directory) {
    this.directory = directory;
  }

  /**
   * Mounts one at a directory, which is made. Where this user may not mount, the test is skipped
   * and says who may.
   */
  static Tmpfs mount(Path directory, int mebibytes) throws IOException, InterruptedException {
    Files.createDirectories(directory);
    String failure =
        run("mount", "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "tmpfs", directory.toString());
    if (!failure.isEmpty()) {
      Assumptions.abort(
          "a full disk needs the right to mount one ("
              + failure
              + "); as root: sudo ./mvnw -pl lab test -Dtest=FullDiskTest");
    }
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

  /** What went wrong; empty when nothing did. */
  private static String run(String... command) throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    } catch (IOException e) {
      return "there is no " + command[0] + " here: sudo apt-get install mount";
    }
    String output = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      return command[0] + " does not end";
    }
    return process.exitValue() == 0 ? "" : output + " (exit code " + process.exitValue() + ")";
  }

  /** Also while files on it are open. */
  @Override
  public void close() throws IOException {
    try {
      String failure = run("umount", "--lazy", directory.toString());
      if (!failure.isEmpty()) {
        throw new IOException("cannot unmount " + directory + ": " + failure);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
