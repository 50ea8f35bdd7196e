package io.dragonfly.lab.figures;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Free memory that costs the same for everybody.
 *
 * <p>A virtual machine may have given its free memory back to its host. Then whoever needs it next
 * waits for the host to find each page, and the kernel accounts that to the program: here a {@code
 * cp} of 1 GiB takes 0.3 or 2.7 CPU-seconds, by nothing but the place of its pages. So the memory
 * is asked back before a measurement; it stays for the seconds that one takes.
 */
final class BackedMemory {
  private static final Path MEMORY = Path.of("/proc/meminfo");
  private static final String FREE = "MemFree:";

  private BackedMemory() {}

  /**
   * Touches free memory and frees it again; what files are cached in is left alone.
   *
   * @param bytes how much, as far as it is free: more than what the measurement will write, since
   *     the kernel chooses the pages
   */
  static void prepare(long bytes) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      arena.allocate(Math.min(bytes, free() / 10 * 9)); // Filled with zeros.
    }
  }

  private static long free() throws IOException {
    List<String> lines = Files.readAllLines(MEMORY);
    for (String line : lines) {
      if (line.startsWith(FREE)) {
        String kibibytes = line.substring(FREE.length()).strip().split(" ", 2)[0];
        return Long.parseLong(kibibytes) << 10;
      }
    }
    throw new IOException(MEMORY + " has no line " + FREE);
  }
}
