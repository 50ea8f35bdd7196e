package io.dragonfly.lab.shaped;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A network interface whose other end is this process: each frame that the kernel sends over it can
 * be read here, each that is written here arrives there (see the kernel's tuntap.rst). Frames carry
 * the header by which kernels leave checksums and the cutting into segments to later, so that 64
 * KiB take one call. One thread may read while another writes.
 */
final class Tap implements AutoCloseable {
  /** A frame of 64 KiB, its Ethernet header, and the header that says what is left to do. */
  static final int LONGEST_FRAME = (64 << 10) + 32;

  private static final Path DEVICE = Path.of("/dev/net/tun");
  private static final long SET_INTERFACE = 0x400454caL;
  private static final long SET_OFFLOAD = 0x400454d0L;
  private static final short TAP_NO_INFO_OFFLOAD_HEADER = 0x0002 | 0x1000 | 0x4000;
  private static final long CHECKSUM_AND_SEGMENTS = 0x01 | 0x02 | 0x04;
  private static final int REQUEST_LENGTH = 40;
  private static final int FLAGS_OFFSET = 16;

  private final int descriptor;

  private Tap(int descriptor) {
    this.descriptor = descriptor;
  }

  /** What is lacking for such interfaces, in words for the user; empty when nothing is. */
  static Optional<String> obstacle() {
    return DEVICE.toFile().exists()
        ? Optional.empty()
        : Optional.of("--rtt needs " + DEVICE + ": load the kernel's module by 'modprobe tun'");
  }

  /** Makes an interface of that name in the namespace of the calling thread. */
  static Tap open(String name) throws IOException {
    int descriptor = Kernel.open(DEVICE, Kernel.READ_WRITE);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment request = arena.allocate(REQUEST_LENGTH);
      MemorySegment.copy(
          MemorySegment.ofArray(name.getBytes(StandardCharsets.US_ASCII)),
          0,
          request,
          0,
          name.length());
      request.set(ValueLayout.JAVA_SHORT, FLAGS_OFFSET, TAP_NO_INFO_OFFLOAD_HEADER);
      Kernel.control(descriptor, SET_INTERFACE, request);
      Kernel.control(descriptor, SET_OFFLOAD, MemorySegment.ofAddress(CHECKSUM_AND_SEGMENTS));
      return new Tap(descriptor);
    } catch (IOException e) {
      Kernel.close(descriptor);
      throw e;
    }
  }

  /**
   * The length of the next frame, which is put into {@code frame}; 0 when none came for a while.
   */
  int read(MemorySegment frame) throws IOException {
    return Kernel.readSoon(descriptor, frame);
  }

  /** Sends a frame; the kernel drops it when the interface is down, as on a real one. */
  void write(MemorySegment frame) {
    Kernel.write(descriptor, frame);
  }

  @Override
  public void close() {
    Kernel.close(descriptor);
  }
}
