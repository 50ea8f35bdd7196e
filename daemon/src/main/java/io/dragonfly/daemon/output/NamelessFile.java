package io.dragonfly.daemon.output;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
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
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 0x80000;
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
    if (directory == null || tmpfile.isEmpty() || !isPlain(name)) {
      return Optional.empty();
    }
    int descriptor = Calls.open(directory, tmpfile.get() | O_RDWR | O_CLOEXEC);
    if (descriptor < 0) {
      return Optional.empty();
    }
    Path handle = Path.of("/proc/self/fd", Integer.toString(descriptor));
    try {
      FileChannel channel = FileChannel.open(handle, StandardOpenOption.WRITE);
      return Optional.of(new NamelessFile(descriptor, handle, channel));
    } catch (IOException e) { // without /proc it could never get its name
      Calls.close(descriptor);
      return Optional.empty();
    }
  }

  /** The numbers are the kernel's, and differ between processors; empty where they are unknown. */
  private static Optional<Integer> tmpfileFlag() {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      return Optional.empty();
    }
    return switch (System.getProperty("os.arch", "").toLowerCase(Locale.ROOT)) {
      case "amd64", "riscv64", "s390x" -> Optional.of(O_TMPFILE_BIT | 0x10000);
      case "aarch64", "ppc64le" -> Optional.of(O_TMPFILE_BIT | 0x4000);
      default -> Optional.empty();
    };
  }

  /** Whether the kernel knows the file by the UTF-8 bytes of this text, whatever the locale is. */
  private static boolean isPlain(Path name) {
    String text = name.toString();
    return text.chars().allMatch(c -> c < 128)
        || (System.getProperty("sun.jnu.encoding", "").equalsIgnoreCase("UTF-8")
            && Path.of(text).equals(name));
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
        Calls.close(descriptor);
      }
    }
  }

  /** The system calls that Java has no method for; bound when the first file is made. */
  private static final class Calls {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
        STATE.varHandle(StructLayout.PathElement.groupElement("errno"));
    private static final MethodHandle OPEN =
        bind(
            "open",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
            Linker.Option.firstVariadicArg(2));
    private static final MethodHandle LINKAT =
        bind(
            "linkat",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT),
            Linker.Option.captureCallState("errno"));
    private static final MethodHandle CLOSE =
        bind("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    @SuppressWarnings("restricted") // the launchers allow native access
    private static MethodHandle bind(
        String name, FunctionDescriptor type, Linker.Option... options) {
      return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, options);
    }

    /** The descriptor, or a negative number. */
    static int open(Path path, int flags) {
      try (Arena arena = Arena.ofConfined()) {
        return (int) OPEN.invokeExact(arena.allocateFrom(path.toString()), flags, MODE);
      } catch (Throwable e) {
        throw new AssertionError("open", e);
      }
    }

    /** 0, or the error's number. */
    static int link(Path from, Path to) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment state = arena.allocate(STATE);
        int result =
            (int)
                LINKAT.invokeExact(
                    state,
                    AT_FDCWD,
                    arena.allocateFrom(from.toString()),
                    AT_FDCWD,
                    arena.allocateFrom(to.toString()),
                    AT_SYMLINK_FOLLOW);
        return result == 0 ? 0 : (int) ERRNO.get(state, 0L);
      } catch (Throwable e) {
        throw new AssertionError("linkat", e);
      }
    }

    static void close(int descriptor) {
      try {
        int _ = (int) CLOSE.invokeExact(descriptor);
      } catch (Throwable e) {
        throw new AssertionError("close", e);
      }
    }
  }
}
