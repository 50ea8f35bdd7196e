package io.dragonfly.lab.upstream;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;

/** One task's bytes at a stand-in: a sparse file, written at whatever offset the sender said. */
final class UpstreamContent implements AutoCloseable {
  static final long MINIMUM_PIECE_LENGTH = 4L << 20;
  private static final long MAXIMUM_PIECE_LENGTH = 64L << 20;
  private static final int TARGET_PIECE_COUNT = 500;

  record Piece(int number, long offset, long length, String digest, String parentId) {}

  final Path file;
  final long length;
  final long pieceLength;
  private final Map<Integer, Piece> pieces = new TreeMap<>();
  private final RandomAccessFile access;
  private boolean failed;
  private int changes;

  UpstreamContent(Path file, long length) throws IOException {
    this.file = file;
    this.length = length;
    this.pieceLength = pieceLength(length);
    this.access = new RandomAccessFile(file.toFile(), "rw");
    access.setLength(length);
  }

  static long pieceLength(long contentLength) {
    long part = (long) ((double) contentLength / TARGET_PIECE_COUNT);
    long power = part <= 1 ? 1 : Long.highestOneBit(part - 1) << 1;
    return Math.clamp(power, MINIMUM_PIECE_LENGTH, MAXIMUM_PIECE_LENGTH);
  }

  int pieceCount() {
    return (int) ((length + pieceLength - 1) / pieceLength);
  }

  long lengthOf(int number) {
    return Math.min(pieceLength, length - number * pieceLength);
  }

  /** Keeps a piece at the offset that its sender named, as upstream does. */
  synchronized Piece keep(int number, long offset, byte[] bytes, String parentId)
      throws IOException {
    access.getChannel().write(ByteBuffer.wrap(bytes), offset);
    Piece piece = new Piece(number, offset, bytes.length, digest(bytes), parentId);
    pieces.put(number, piece);
    changes++;
    notifyAll();
    return piece;
  }

  synchronized byte[] read(Piece piece) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) piece.length());
    access.getChannel().read(bytes, piece.offset());
    return bytes.array();
  }

  synchronized Optional<Piece> piece(int number) {
    return Optional.ofNullable(pieces.get(number));
  }

  synchronized boolean isFinished() {
    return pieces.size() == pieceCount();
  }

  synchronized void fail() {
    failed = true;
    changes++;
    notifyAll();
  }

  synchronized boolean isFailed() {
    return failed;
  }

  synchronized void awaitChange(long millis) throws InterruptedException {
    int before = changes;
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (changes == before) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        return;
      }
      wait(left);
    }
  }

  static String digest(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return "crc32:" + crc.getValue();
  }

  @Override
  public void close() throws IOException {
    access.close();
  }
}
