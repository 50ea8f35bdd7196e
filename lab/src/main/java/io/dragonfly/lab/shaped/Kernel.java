package io.dragonfly.lab.shaped;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.dragonfly.common.file.SystemCalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** Linux's calls about namespaces and interfaces, which Java has no method for. */
final class Kernel {
  /** Opening: for reading and writing, without waiting, and not for programs that are started. */
  static final int READ_WRITE = SystemCalls.READ_WRITE | 0x800 | SystemCalls.CLOSE_ON_EXEC;

  private static final int READ_ONLY = SystemCalls.READ_ONLY | SystemCalls.CLOSE_ON_EXEC;
  private static final int NETWORK = 0x40000000;
  private static final int AGAIN = 11;
  private static final short READABLE = 1;
  private static final int WAIT_MILLIS = 100;
  private static final MethodHandle SETNS =
      SystemCalls.bind("setns", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle IOCTL =
      SystemCalls.bind(
          "ioctl",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle POLL =
      SystemCalls.bind("poll", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  private static final MethodHandle READ =
      SystemCalls.bind("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
  private static final MethodHandle WRITE =
      SystemCalls.bind("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));

  private Kernel() {}

  /**
   * Moves the calling thread, which must be a platform thread and should end soon, into the network
   * namespace that {@code file} stands for. Sockets and interfaces belong to where they were made.
   */
  static void enterNetwork(Path file) throws IOException {
    int descriptor = open(file, READ_ONLY);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = SystemCalls.newState(arena);
      if ((int) SETNS.invokeExact(state, descriptor, NETWORK) != 0) {
        throw failure("cannot enter " + file, state);
      }
    } catch (Throwable e) {
      throw asIOException(e);
    } finally {
      close(descriptor);
    }
  }

  /** A descriptor of a file. */
  static int open(Path file, int flags) throws IOException {
    int descriptor = SystemCalls.open(file, flags, /* mode= */ 0);
    if (descriptor < 0) {
      throw failure("cannot open " + file, -descriptor);
    }
    return descriptor;
  }

  /** Sets something of a device. */
  static void control(int descriptor, long what, MemorySegment value) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = SystemCalls.newState(arena);
      if ((int) IOCTL.invokeExact(state, descriptor, what, value) < 0) {
        throw failure("the device refuses 0x" + Long.toHexString(what), state);
      }
    } catch (Throwable e) {
      throw asIOException(e);
    }
  }

  /** How much was read; 0 when nothing came for some time. */
  static int readSoon(int descriptor, MemorySegment target) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = SystemCalls.newState(arena);
      long count = (long) READ.invokeExact(state, descriptor, target, target.byteSize());
      if (count >= 0) {
        return (int) count;
      }
      if (SystemCalls.error(state) != AGAIN) {
        throw failure("cannot read", state);
      }
      MemorySegment poll = arena.allocate(JAVA_LONG);
      poll.set(JAVA_INT, 0, descriptor);
      poll.set(JAVA_SHORT, JAVA_INT.byteSize(), READABLE);
      int _ = (int) POLL.invokeExact(state, poll, 1L, WAIT_MILLIS);
      return 0;
    } catch (Throwable e) {
      throw asIOException(e);
    }
  }

  /** Writes all of it or, when the device does not take it, nothing. */
  static void write(int descriptor, MemorySegment source) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = SystemCalls.newState(arena);
      long _ = (long) WRITE.invokeExact(state, descriptor, source, source.byteSize());
    } catch (Throwable e) {
      throw new IllegalStateException("a system call does not throw", e);
    }
  }

  static void close(int descriptor) {
    SystemCalls.close(descriptor);
  }

  private static IOException failure(String what, MemorySegment state) {
    return failure(what, SystemCalls.error(state));
  }

  private static IOException failure(String what, int error) {
    return new IOException(what + ": error number " + error);
  }

  private static IOException asIOException(Throwable e) {
    return e instanceof IOException known ? known : new IOException(e);
  }
}
