package io.dragonfly.daemon.storage;

import io.dragonfly.common.id.TaskId;
import io.dragonfly.common.piece.BlockHashes;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.common.piece.PieceLayout;
import io.dragonfly.common.piece.PieceRoot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.zip.CRC32;

/** Content with a known seed, and what its pieces must hash to: calculated here on its own. */
public final class TestContent {
  public static final TaskKey KEY = key("0123456789abcdef".repeat(4));
  public static final TaskOrigin ORIGIN = new TaskOrigin(new byte[] {1, 2, 3});
  public static final Duration COST = Duration.ofMillis(1500);

  private final byte[] bytes;
  private final long pieceLength;

  private TestContent(byte[] bytes, long pieceLength) {
    this.bytes = bytes;
    this.pieceLength = pieceLength;
  }

  /** Not a copy. */
  public byte[] bytes() {
    return bytes;
  }

  public static TestContent of(int length, long pieceLength) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return new TestContent(bytes, pieceLength);
  }

  public static TaskKey key(String id) {
    return new TaskKey(Kind.TASK, new TaskId(id));
  }

  public ContentInfo info() {
    return ContentInfo.of(bytes.length, pieceLength, "v1", Map.of("Content-Type", "text/plain"));
  }

  public PieceLayout layout() {
    return info().layout();
  }

  public byte[] piece(int number) {
    int from = (int) layout().offset(number);
    return Arrays.copyOfRange(bytes, from, from + (int) layout().length(number));
  }

  public BlockHashes hashes(int number) {
    byte[] piece = piece(number);
    int block = (int) layout().blockLength();
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int at = 0; at < piece.length; at += block) {
      all.writeBytes(sha256(Arrays.copyOfRange(piece, at, Math.min(piece.length, at + block))));
    }
    return BlockHashes.of(all.toByteArray());
  }

  public PieceRoot root(int number) {
    return PieceRoot.of(sha256(hashes(number).bytes()));
  }

  public long crc(int number) {
    CRC32 crc = new CRC32();
    crc.update(piece(number));
    return crc.getValue();
  }

  /** Stores the piece as one that came from the origin. */
  public StoredPiece store(StoredTask task, int number) throws IOException {
    try (PieceEditor editor = task.edit(number).orElseThrow()) {
      editor.write(ByteBuffer.wrap(piece(number)));
      return editor.commit(
          Optional.empty(), Optional.empty(), TrafficType.BACK_TO_SOURCE, "", COST);
    }
  }

  public StoredTask storeAll(PieceStore store) throws IOException {
    StoredTask task = store.create(KEY, ORIGIN, info());
    for (int i = 0; i < layout().pieceCount(); i++) {
      var _ = store(task, i);
    }
    return task;
  }

  public static byte[] read(PieceView view) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate((int) view.length());
    while (buffer.hasRemaining()) {
      if (view.read(buffer.position(), buffer) < 0) {
        break;
      }
    }
    return buffer.array();
  }

  public static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /** What a machine that stops now would leave: the files as they are, without a clean stop. */
  public static Path copyOf(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<Path>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes a)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(directory)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
            Files.copy(file, to.resolve(from.relativize(file)));
            return FileVisitResult.CONTINUE;
          }
        });
    return to;
  }
}
