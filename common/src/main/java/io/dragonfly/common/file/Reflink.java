package io.dragonfly.common.file;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Files that share blocks on the disk until one of them is written to (XFS, btrfs and others): the
 * ioctl FICLONERANGE of Linux, see ioctl_ficlonerange(2).
 */
public final class Reflink {
  /** _IOW(0x94, 13, struct file_clone_range); other numbers elsewhere are refused as unknown. */
  private static final long FICLONERANGE = 0x4020940DL;

  /** struct file_clone_range { s64 src_fd; u64 src_offset, src_length, dest_offset; } */
  private static final MemoryLayout RANGE = MemoryLayout.sequenceLayout(4, JAVA_LONG);

  private Reflink() {}

  /**
   * Lets a part of a file be the same blocks as a part of another one.
   *
   * @param source a descriptor that may read
   * @param offset a multiple of the file system's block
   * @param length as well, or up to the end of the source
   * @param target may lie on another file system, or on one that does not share blocks: then
   *     nothing happens
   * @param at as {@code offset}
   * @return whether it was done; if not, the target has the bytes that it had
   */
  public static boolean tryShare(int source, long offset, long length, Path target, long at) {
    Optional<MethodHandle> ioctl = Calls.IOCTL;
    return ioctl.isPresent()
        && SystemCalls.succeeds(
            target,
            SystemCalls.READ_WRITE,
            (descriptor, arena) -> {
              MemorySegment range = arena.allocate(RANGE);
              range.setAtIndex(JAVA_LONG, 0, source);
              range.setAtIndex(JAVA_LONG, 1, offset);
              range.setAtIndex(JAVA_LONG, 2, length);
              range.setAtIndex(JAVA_LONG, 3, at);
              return (int)
                  ioctl
                      .get()
                      .invokeExact(SystemCalls.newState(arena), descriptor, FICLONERANGE, range);
            });
  }

  /** Bound at the first use. */
  private static final class Calls {
    static final Optional<MethodHandle> IOCTL =
        SystemCalls.isLinux()
            ? SystemCalls.find(
                "ioctl",
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
                Linker.Option.firstVariadicArg(2))
            : Optional.empty();
  }
}
