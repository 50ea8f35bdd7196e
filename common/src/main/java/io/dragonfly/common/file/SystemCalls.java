package io.dragonfly.common.file;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How programs call what the C library has and Java has no method for, and what all of them use.
 */
public final class SystemCalls {
  /** For {@link #open}; equal on all processors. */
  public static final int READ_ONLY = 0;

  public static final int READ_WRITE = 2;

  /** Programs that are started do not inherit the descriptor. */
  public static final int CLOSE_ON_EXEC = 0x80000;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(StructLayout.PathElement.groupElement("errno"));
  private static final MethodHandle OPEN =
      bind(
          "open",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle CLOSE =
      bind("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  private SystemCalls() {}

  /**
   * A function that takes, before its own parameters, what {@link #newState} gives.
   *
   * @throws java.util.NoSuchElementException when the C library has none of that name
   */
  public static MethodHandle bind(String name, FunctionDescriptor type, Linker.Option... options) {
    return find(name, type, options).orElseThrow();
  }

  /** As {@link #bind}, but empty when there is none of that name. */
  @SuppressWarnings("restricted") // the launchers allow native access
  public static Optional<MethodHandle> find(
      String name, FunctionDescriptor type, Linker.Option... options) {
    Linker.Option[] all =
        Stream.concat(Arrays.stream(options), Stream.of(Linker.Option.captureCallState("errno")))
            .toArray(Linker.Option[]::new);
    return LINKER
        .defaultLookup()
        .find(name)
        .map(function -> LINKER.downcallHandle(function, type, all));
  }

  /** Where a call leaves the number of its error. */
  public static MemorySegment newState(Arena arena) {
    return arena.allocate(STATE);
  }

  /** The number of the error, after a call that failed. */
  public static int error(MemorySegment state) {
    return (int) ERRNO.get(state, 0L);
  }

  public static boolean isLinux() {
    return System.getProperty("os.name", "").equals("Linux");
  }

  /** Whether the kernel knows the file by the UTF-8 bytes of its text, whatever the locale is. */
  public static boolean isPlain(Path file) {
    String text = file.toString();
    return text.chars().allMatch(c -> c < 128)
        || (System.getProperty("sun.jnu.encoding", "").equalsIgnoreCase("UTF-8")
            && Path.of(text).equals(file));
  }

  /**
   * Opens a file.
   *
   * @param mode of a file that is made, less the umask; else without meaning
   * @return the descriptor, or the error's number with a minus
   */
  public static int open(Path file, int flags, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = newState(arena);
      int descriptor =
          (int) OPEN.invokeExact(state, arena.allocateFrom(file.toString()), flags, mode);
      return descriptor < 0 ? -error(state) : descriptor;
    } catch (Throwable e) {
      throw new AssertionError("open", e);
    }
  }

  /** A call on a file that is open for it; an error of a call is its result. */
  interface Call {
    int on(int descriptor, Arena arena) throws Throwable;
  }

  /**
   * Opens the file, calls and closes it.
   *
   * @param access {@link #READ_ONLY} or {@link #READ_WRITE}
   * @return whether the call gave 0; false as well for a file that can't be opened
   */
  static boolean succeeds(Path file, int access, Call call) {
    if (!isPlain(file)) {
      return false;
    }
    int descriptor = open(file, access | CLOSE_ON_EXEC, /* mode= */ 0);
    if (descriptor < 0) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      return call.on(descriptor, arena) == 0;
    } catch (Throwable e) {
      throw new AssertionError("a system call does not throw", e);
    } finally {
      close(descriptor);
    }
  }

  public static void close(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      int _ = (int) CLOSE.invokeExact(newState(arena), descriptor);
    } catch (Throwable e) {
      throw new AssertionError("close", e);
    }
  }
}
