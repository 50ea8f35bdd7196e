package io.dragonfly.lab.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel says of a process, from /proc (see proc(5)); Linux only. */
public final class Accounting {
  private static final double TICKS_PER_SECOND = 100;
  private static final int USER_TIME = 11;
  private static final int SYSTEM_TIME = 12;

  /** What a daemon at work has resident at the very least. */
  private static final long DAEMON_BYTES = 64L << 20;

  private Accounting() {}

  /** CPU seconds of a process so far, all threads, user and system. */
  public static double cpuSeconds(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
    // The name of the program may hold spaces; what counts follows its closing bracket.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[USER_TIME]) + Long.parseLong(fields[SYSTEM_TIME]))
        / TICKS_PER_SECOND;
  }

  /** Resident memory of a process now. */
  public static long residentBytes(long pid) throws IOException {
    return bytes(pid, "VmRSS:");
  }

  /** The most memory that was ever resident. */
  public static long peakResidentBytes(long pid) throws IOException {
    return bytes(pid, "VmHWM:");
  }

  /**
   * Fails when the machine's memory is too little for so many daemons.
   *
   * @throws IOException in words for the user
   */
  public static void requireMemoryFor(int daemons) throws IOException {
    long available = bytes(Path.of("/proc/meminfo"), "MemAvailable:");
    long needed = daemons * DAEMON_BYTES;
    if (available < needed) {
      throw new IOException(
          "%d daemons need some %d MiB of memory and %d MiB are available: ask for fewer --peers"
              .formatted(daemons, needed >> 20, available >> 20));
    }
  }

  private static long bytes(long pid, String row) throws IOException {
    return bytes(Path.of("/proc", Long.toString(pid), "status"), row);
  }

  private static long bytes(Path file, String row) throws IOException {
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith(row)) {
        return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
      }
    }
    throw new IOException("no " + row + " in " + file);
  }
}
