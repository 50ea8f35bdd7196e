package io.dragonfly.daemon.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Random;

/**
 * Measures what early write-back is good for: writes a file piece by piece, as a download does,
 * with and without it in turn, and prints how much was unwritten at most, how long the longest of
 * all writes took and how long the disk needed in the end. Arguments: directory, MiB, rounds.
 */
final class WriteBackMeasurement {
  private static final int PIECE = 4 << 20;
  private static final int PART = 1 << 20;

  private WriteBackMeasurement() {}

  public static void main(String[] arguments) throws IOException {
    Path file = Path.of(arguments[0]).resolve("written");
    int pieces = Integer.parseInt(arguments[1]) / (PIECE >> 20);
    for (int round = 0; round < Integer.parseInt(arguments[2]); round++) {
      measure("left to the kernel", file, pieces, /* early= */ false);
      measure("begun early", file, pieces, /* early= */ true);
    }
  }

  private static void measure(String name, Path path, int pieces, boolean early)
      throws IOException {
    ByteBuffer part = ByteBuffer.allocateDirect(PART);
    byte[] noise = new byte[PART];
    new Random(1).nextBytes(noise);
    part.put(noise);
    long longest = 0;
    long unwritten = 0;
    try (OpenFiles files = new OpenFiles(1);
        WriteBack writeBack = new WriteBack();
        FileChannel made =
            FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      SharedFile file = new SharedFile(files, path);
      long begin = System.nanoTime();
      for (int piece = 0; piece < pieces; piece++) {
        for (int at = 0; at < PIECE; at += PART) {
          long before = System.nanoTime();
          file.write(part.clear(), (long) piece * PIECE + at);
          longest = Math.max(longest, System.nanoTime() - before);
        }
        if (early) {
          writeBack.begin(file, (long) piece * PIECE, PIECE);
        }
        unwritten = Math.max(unwritten, unwrittenKilobytes());
      }
      long written = System.nanoTime();
      made.force(false);
      System.out.printf(
          Locale.ROOT,
          "%-18s  %5.2f GB/s, at most %5d MB unwritten, longest write %5d ms, then %5d ms to the"
              + " disk%n",
          name,
          pieces * (double) PIECE / (written - begin),
          unwritten / 1000,
          longest / 1_000_000,
          (System.nanoTime() - written) / 1_000_000);
    } finally {
      Files.deleteIfExists(path);
    }
  }

  private static long unwrittenKilobytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
      if (line.startsWith("Dirty:")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    return 0;
  }
}
