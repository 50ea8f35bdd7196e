package io.dragonfly.daemon.output;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.dragonfly.common.file.SystemCalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Optional;

/**
 * A file without a name, which Linux removes when the last process that has it open ends, however
 * it ends: also after a kill or a crash of the machine nothing of a half-written file is left.
 * {@link #link} gives it a name. One thread at a time.
 */
final class NamelessFile implements AutoCloseable {
  private static final int O_TMPFILE_BIT = 0x400000;
  private static final int MODE = 0666; // less the umask, as for every new file
  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_FOLLOW = 0x400;
  private static final int ENOENT = 2;
  private static final int EACCES = 13;
  private static final int EEXIST = 17;
  private static final int ENOSPC = 28;

  private final int descriptor;
  private final Path handle;
  private final FileChannel channel;
  private boolean closed;

  private NamelessFile(int descriptor, Path handle, FileChannel channel) {
    this.descriptor = descriptor;
    this.handle = handle;
    this.channel = channel;
  }

  /**
   * Makes a file that can later have this name, in the file system of its directory; empty where
   * the system or the file system has no such files, and where a file with a name could not be made
   * either.
   */
  static Optional<NamelessFile> create(Path name) {
    Path directory = name.getParent();
    Optional<Integer> tmpfile = tmpfileFlag();
    if (directory == null || tmpfile.isEmpty() || !SystemCalls.isPlain(name)) {
      return Optional.empty();
    }
    int descriptor =
        SystemCalls.open(
            directory, tmpfile.get() | SystemCalls.READ_WRITE | SystemCalls.CLOSE_ON_EXEC, MODE);
    if (descriptor < 0) {
      return Optional.empty();
    }
    Path handle = Path.of("/proc/self/fd", Integer.toString(descriptor));
    try {
      FileChannel channel = FileChannel.open(handle, StandardOpenOption.WRITE);
      return Optional.of(new NamelessFile(descriptor, handle, channel));
    } catch (IOException e) { // without /proc it could never get its name
      SystemCalls.close(descriptor);
      return Optional.empty();
    }
  }

  /** The numbers are the kernel's, and differ between processors; empty where they are unknown. */
  private static Optional<Integer> tmpfileFlag() {
    if (!SystemCalls.isLinux()) {
      return Optional.empty();
    }
    return switch (System.getProperty("os.arch", "").toLowerCase(Locale.ROOT)) {
      case "amd64", "riscv64", "s390x" -> Optional.of(O_TMPFILE_BIT | 0x10000);
      case "aarch64", "ppc64le" -> Optional.of(O_TMPFILE_BIT | 0x4000);
      default -> Optional.empty();
    };
  }

  /** The open file. */
  FileChannel channel() {
    return channel;
  }

  /** A path to the file for this process, while it is open. */
  Path handle() {
    return handle;
  }

  /**
   * Gives the file a name.
   *
   * @throws FileAlreadyExistsException when the name is taken; what has it stays as it is
   */
  void link(Path name) throws IOException {
    int error = Calls.link(handle, name);
    switch (error) {
      case 0 -> {}
      case EEXIST -> throw new FileAlreadyExistsException(name.toString());
      case ENOENT -> throw new NoSuchFileException(name.toString());
      case EACCES -> throw new AccessDeniedException(name.toString());
      case ENOSPC -> throw new IOException("No space left on device");
      default -> throw new IOException("the system refused the name with error number " + error);
    }
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      try {
        channel.close();
      } finally {
        SystemCalls.close(descriptor);
      }
    }
  }

  /** Bound when the first file gets its name. */
  private static final class Calls {
    private static final MethodHandle LINKAT =
        SystemCalls.bind(
            "linkat",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT));

    /** 0, or the error's number. */
    static int link(Path from, Path to) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment state = SystemCalls.newState(arena);
        int result =
            (int)
                LINKAT.invokeExact(
                    state,
                    AT_FDCWD,
                    arena.allocateFrom(from.toString()),
                    AT_FDCWD,
                    arena.allocateFrom(to.toString()),
                    AT_SYMLINK_FOLLOW);
        return result == 0 ? 0 : SystemCalls.error(state);
      } catch (Throwable e) {
        throw new AssertionError("linkat", e);
      }
    }
  }
}
