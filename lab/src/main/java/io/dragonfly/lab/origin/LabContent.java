package io.dragonfly.lab.origin;

import io.dragonfly.common.digest.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;

/**
 * Content made from a seed: any part of it can be computed without the rest, so an origin of any
 * size needs no file. The 8 bytes at offset 8k are the k-th output of SplitMix64, little-endian.
 */
public record LabContent(long seed, long length) {
  private static final int CHUNK = 1 << 16;

  /** Fills {@code target} from its start with the bytes from {@code offset}. */
  public void read(long offset, byte[] target, int count) {
    ByteBuffer word = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    int done = 0;
    while (done < count) {
      long at = offset + done;
      word.putLong(0, mix(seed + (at >>> 3) * 0x9E3779B97F4A7C15L));
      int from = (int) (at & 7);
      int part = Math.min(8 - from, count - done);
      System.arraycopy(word.array(), from, target, done, part);
      done += part;
    }
  }

  /** Writes the whole to a new file. */
  public void write(Path file) throws IOException {
    write(file, 0, length);
  }

  /** Writes the bytes from {@code start} to {@code end} to a new file. */
  public void write(Path file, long start, long end) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      byte[] chunk = new byte[CHUNK];
      for (long at = start; at < end; at += CHUNK) {
        int part = (int) Math.min(CHUNK, end - at);
        read(at, chunk, part);
        out.write(chunk, 0, part);
      }
    }
  }

  /** SHA-256 of the whole, in hex. */
  public String sha256() {
    return sha256(0, length);
  }

  /** SHA-256 of the bytes from {@code start} to {@code end}, in hex. */
  public String sha256(long start, long end) {
    MessageDigest digest = Sha256.begin();
    byte[] chunk = new byte[CHUNK];
    for (long at = start; at < end; at += CHUNK) {
      int part = (int) Math.min(CHUNK, end - at);
      read(at, chunk, part);
      digest.update(chunk, 0, part);
    }
    return Sha256.hex(digest);
  }

  /** SHA-256 of files one after the other, in hex. */
  public static String sha256(Path... files) throws IOException {
    MessageDigest digest = Sha256.begin();
    for (Path file : files) {
      try (InputStream in = Files.newInputStream(file);
          DigestInputStream hashing = new DigestInputStream(in, digest)) {
        hashing.transferTo(OutputStream.nullOutputStream());
      }
    }
    return Sha256.hex(digest);
  }

  private static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
