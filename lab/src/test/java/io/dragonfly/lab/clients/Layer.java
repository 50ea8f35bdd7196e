package io.dragonfly.lab.clients;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;

/**
 * A layer of an image: an archive with one file of random bytes.
 *
 * @param content the digest of the archive, whatever the layer is compressed with
 */
record Layer(Blob blob, String content) {
  private static final String TAR = "application/vnd.oci.image.layer.v1.tar";
  private static final int BLOCK = 512;
  private static final int NAME = 0;
  private static final int MODE = 100;
  private static final int OWNER = 108;
  private static final int GROUP = 116;
  private static final int SIZE = 124;
  private static final int TIME = 136;
  private static final int SUM = 148;
  private static final int TYPE = 156;
  private static final int MAGIC = 257;

  /** Not compressed. */
  static Layer plain(Path directory, String name, long bytes) throws IOException {
    Blob blob = Blob.of(TAR, archive(directory, name, bytes));
    return new Layer(blob, blob.digest());
  }

  static Layer gzip(Path directory, String name, long bytes) throws IOException {
    Path archive = archive(directory, name, bytes);
    Path file = Path.of(archive + ".gz");
    try (InputStream in = Files.newInputStream(archive);
        OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      in.transferTo(out);
    }
    return new Layer(Blob.of(TAR + "+gzip", file), "sha256:" + LabContent.sha256(archive));
  }

  static Layer zstd(Path directory, String name, long bytes)
      throws IOException, InterruptedException {
    Path archive = archive(directory, name, bytes);
    Tool.ZSTD.run("-q", archive.toString());
    Blob blob = Blob.of(TAR + "+zstd", Path.of(archive + ".zst"));
    return new Layer(blob, "sha256:" + LabContent.sha256(archive));
  }

  /** One file; the format is that of ustar, see pax(1). */
  private static Path archive(Path directory, String name, long bytes) throws IOException {
    byte[] head = new byte[BLOCK];
    put(head, NAME, name);
    put(head, MODE, "0000644");
    put(head, OWNER, "0000000");
    put(head, GROUP, "0000000");
    put(head, SIZE, "%011o".formatted(bytes));
    put(head, TIME, "%011o".formatted(1));
    put(head, SUM, "        ");
    put(head, TYPE, "0");
    put(head, MAGIC, "ustar");
    put(head, MAGIC + 6, "00");
    int sum = 0;
    for (byte one : head) {
      sum += one;
    }
    put(head, SUM, "%06o\0 ".formatted(sum));
    Path body = directory.resolve(name);
    new LabContent(name.hashCode(), bytes).write(body);
    Path file = directory.resolve(name + ".tar");
    try (OutputStream out = Files.newOutputStream(file)) {
      out.write(head);
      Files.copy(body, out);
      out.write(new byte[(int) Math.floorMod(-bytes, (long) BLOCK)]);
      out.write(new byte[2 * BLOCK]);
    }
    Files.delete(body);
    return file;
  }

  private static void put(byte[] head, int at, String text) {
    byte[] bytes = text.getBytes(US_ASCII);
    System.arraycopy(bytes, 0, head, at, bytes.length);
  }
}
