package io.dragonfly.common.file;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What the kernel is told about the part of its memory that holds a file. It is advice: where the
 * system has no such calls, or the file has gone, nothing happens.
 */
public final class PageCache {
  private static final int START_WRITING = 2;

  /** To wait for what is under way, to write the rest, and to wait for that. */
  private static final int WRITE_ALL = 1 | START_WRITING | 4;

  private static final int DONT_NEED = 4;
  private static final FunctionDescriptor TYPE =
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);

  private PageCache() {}

  /**
   * Begins to write to the disk what was written to this part of the file and is not there yet. It
   * waits only when the disk has too much to do to take the order.
   *
   * @return whether the kernel took it
   */
  @CanIgnoreReturnValue
  public static boolean startWriting(Path file, long offset, long length) {
    return tell(Calls.SYNC_FILE_RANGE, file, offset, length, START_WRITING);
  }

  /**
   * Waits until all that was written to the file is on its way to the disk and the disk has taken
   * it; unlike fsync it does not make the disk empty its own memory.
   *
   * @return false when some of it was not taken, now or since somebody last asked: the kernel
   *     forgets such bytes. True where it can't be known
   */
  public static boolean isTakenByDisk(Path file) {
    return Calls.SYNC_FILE_RANGE.isEmpty() || tell(Calls.SYNC_FILE_RANGE, file, 0, 0, WRITE_ALL);
  }

  /**
   * Lets go of this part of the file, except for what is not on the disk yet.
   *
   * @param length 0 for all up to the end
   * @return whether the kernel took it
   */
  @CanIgnoreReturnValue
  public static boolean drop(Path file, long offset, long length) {
    return tell(Calls.FADVISE, file, offset, length, DONT_NEED);
  }

  private static boolean tell(
      Optional<MethodHandle> call, Path file, long offset, long length, int what) {
    // Any descriptor of the file will do; those of Java's channels cannot be had.
    return call.isPresent()
        && SystemCalls.succeeds(
            file,
            SystemCalls.READ_ONLY,
            (descriptor, arena) ->
                (int)
                    call.get()
                        .invokeExact(
                            SystemCalls.newState(arena), descriptor, offset, length, what));
  }

  /** Bound at the first use. */
  private static final class Calls {
    static final Optional<MethodHandle> SYNC_FILE_RANGE = find("sync_file_range");
    static final Optional<MethodHandle> FADVISE = find("posix_fadvise");

    private static Optional<MethodHandle> find(String name) {
      return SystemCalls.isLinux() ? SystemCalls.find(name, TYPE) : Optional.empty();
    }
  }
}
