package io.dragonfly.lab.figures;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * Makes many finished tasks out of the one in the store of a daemon that was stopped: each has its
 * metadata under an id of its own, and content that is a hole. What is rewritten is the first
 * record of the journal; {@code JournalFormat} of {@code daemon.storage} describes it.
 */
final class ManyTasks {
  private static final String JOURNAL = "~meta";
  private static final int MAGIC_BYTES = 10;
  private static final int FRAME_BYTES = 5;
  private static final int PREFIXES = 4096;

  private ManyTasks() {}

  static void multiply(Path storage, int count) throws IOException {
    Path tasks = storage.resolve("content").resolve("tasks");
    Path first = journal(tasks);
    String id = first.getFileName().toString().replace(JOURNAL, "");
    long length = Files.size(first.resolveSibling(id));
    byte[] journal = Files.readAllBytes(first);
    ByteBuffer fields = ByteBuffer.wrap(journal);
    int body = fields.getInt(MAGIC_BYTES + 1);
    int at = indexOf(journal, id.getBytes(StandardCharsets.US_ASCII), MAGIC_BYTES, body);
    for (int number = 1; number < count; number++) {
      String name = String.format(Locale.ROOT, "%03x%061x", number % PREFIXES, number);
      System.arraycopy(name.getBytes(StandardCharsets.US_ASCII), 0, journal, at, name.length());
      CRC32 crc = new CRC32();
      crc.update(journal, MAGIC_BYTES, FRAME_BYTES + body);
      fields.putInt(MAGIC_BYTES + FRAME_BYTES + body, (int) crc.getValue());
      Path directory = Files.createDirectories(tasks.resolve(name.substring(0, 3)));
      Files.write(directory.resolve(name + JOURNAL), journal);
      try (RandomAccessFile hole = new RandomAccessFile(directory.resolve(name).toFile(), "rw")) {
        hole.setLength(length);
      }
    }
  }

  private static Path journal(Path tasks) throws IOException {
    try (Stream<Path> files = Files.walk(tasks)) {
      return files
          .filter(file -> file.toString().endsWith(JOURNAL))
          .findFirst()
          .orElseThrow(() -> new IOException("no task in " + tasks));
    }
  }

  private static int indexOf(byte[] journal, byte[] id, int from, int length) throws IOException {
    for (int at = from; at < from + FRAME_BYTES + length - id.length; at++) {
      if (ByteBuffer.wrap(journal, at, id.length).equals(ByteBuffer.wrap(id))) {
        return at;
      }
    }
    throw new IOException("the journal does not name its task");
  }
}
