package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A small disk in a file that is mostly a hole. */
public final class LoopDisk implements AutoCloseable {
  private static final long BYTES = 256L << 20;

  private final Path directory;
  private final List<Path> below;

  private LoopDisk(Path directory, Path... below) {
    this.directory = directory;
    this.below = List.of(below);
  }

  /**
   * Mounts one that is smaller than it says: it takes so much, and then the kernel's writes to it
   * fail, long after they were taken. Without a journal, so that files can still be opened then.
   */
  public static LoopDisk lying(Path dir, int mebibytes) throws IOException, InterruptedException {
    Path memory = Files.createDirectory(dir.resolve("memory"));
    require("mount", "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "tmpfs", memory.toString());
    Path image = memory.resolve("image");
    try (RandomAccessFile hole = new RandomAccessFile(image.toFile(), "rw")) {
      hole.setLength(BYTES);
    }
    Path directory = Files.createDirectory(dir.resolve("disk"));
    require("mkfs.ext4", "-q", "-O", "^has_journal", image.toString());
    require("mount", "-o", "loop", image.toString(), directory.toString());
    return new LoopDisk(directory, memory);
  }

  /** Mounts one with a btrfs below the directory; the test is skipped where that can't be. */
  public static LoopDisk mount(Path dir) throws IOException, InterruptedException {
    Path image = dir.resolve("image");
    try (RandomAccessFile hole = new RandomAccessFile(image.toFile(), "rw")) {
      hole.setLength(BYTES);
    }
    Path directory = Files.createDirectory(dir.resolve("disk"));
    require("mkfs.btrfs", "-q", image.toString());
    require("mount", "-o", "loop", image.toString(), directory.toString());
    return new LoopDisk(directory);
  }

  public Path directory() {
    return directory;
  }

  /** From now on whoever writes waits, as for a disk that does not answer. */
  public void freeze() throws IOException, InterruptedException {
    assertThat(run("fsfreeze", "--freeze", directory.toString())).isEmpty();
  }

  public void thaw() throws IOException, InterruptedException {
    assertThat(run("fsfreeze", "--unfreeze", directory.toString())).isEmpty();
  }

  private static void require(String... command) throws IOException, InterruptedException {
    String failure;
    try {
      failure = run(command);
    } catch (IOException e) {
      failure = String.valueOf(e.getMessage());
    }
    if (!failure.isEmpty()) {
      abort(
          "no disk can be mounted ("
              + failure
              + "): run as root on Linux, after apt-get install btrfs-progs e2fsprogs mount"
              + " util-linux");
    }
  }

  /** What went wrong; empty when it went well. */
  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      return List.of(command) + " does not end";
    }
    return process.exitValue() == 0 ? "" : List.of(command) + ": " + output.strip();
  }

  @Override
  public void close() throws IOException {
    try {
      assertThat(run("umount", directory.toString())).isEmpty();
      for (Path mount : below) {
        // The loop device lets go of its file a little later.
        assertThat(run("umount", "--lazy", mount.toString())).isEmpty();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
