package io.dragonfly.lab.faults;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.dragonfly.common.file.SystemCalls;
import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/** A small disk with an ext4, in a file that is mostly a hole, which can die while it is used. */
final class MortalDisk implements AutoCloseable {
  private static final Tool MKFS = new Tool("mkfs.ext4", "e2fsprogs");

  /** EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32), and to do it without writing anything more. */
  private static final long SHUTDOWN = 0x8004587DL;

  private static final int WITHOUT_FLUSH = 2;

  private final Path directory;
  private boolean mounted = true;

  private MortalDisk(Path directory) {
    this.directory = directory;
  }

  /**
   * Makes one and mounts it at a directory, which is made.
   *
   * @param image where the file is made
   * @throws IOException where this user may not mount
   */
  static MortalDisk mount(Path image, Path directory, long mebibytes)
      throws IOException, InterruptedException {
    try (RandomAccessFile hole = new RandomAccessFile(image.toFile(), "rw")) {
      hole.setLength(mebibytes << 20);
    }
    MKFS.run("-q", image.toString());
    Files.createDirectories(directory);
    Tool.MOUNT.run("-o", "loop", image.toString(), directory.toString());
    return new MortalDisk(directory);
  }

  /** From now on the kernel answers EIO to whoever reads or writes there; nothing more is kept. */
  void die() throws IOException {
    MethodHandle ioctl =
        SystemCalls.bind(
            "ioctl",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
            Linker.Option.firstVariadicArg(2));
    int descriptor = SystemCalls.open(directory, SystemCalls.READ_ONLY, /* mode= */ 0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = SystemCalls.newState(arena);
      MemorySegment how = arena.allocateFrom(JAVA_INT, WITHOUT_FLUSH);
      if ((int) ioctl.invokeExact(state, descriptor, SHUTDOWN, how) != 0) {
        throw new IOException("the disk does not die: error " + SystemCalls.error(state));
      }
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("ioctl", e);
    } finally {
      SystemCalls.close(descriptor);
    }
  }

  /** Also while files on it are open; then the directory is one of the disk below, and empty. */
  void takeAway() throws IOException {
    if (!mounted) {
      return;
    }
    mounted = false;
    try {
      Tool.UMOUNT.run("--lazy", directory.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    takeAway();
  }
}
