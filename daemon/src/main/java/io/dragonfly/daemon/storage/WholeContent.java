package io.dragonfly.daemon.storage;

import io.dragonfly.common.digest.Algorithm;
import io.dragonfly.common.digest.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The content of a complete task, read from end to end. */
final class WholeContent {
  private static final int DIGEST_BUFFER_BYTES = 1 << 20;

  private final StoredTask task;
  private final SharedFile file;
  private final Map<Algorithm, Digest> digests = new ConcurrentHashMap<>();

  WholeContent(StoredTask task, SharedFile file) {
    this.task = task;
    this.file = file;
  }

  /** See {@link StoredTask#copyTo}. */
  void copyTo(FileChannel target) throws IOException {
    try (Pin _ = pin()) {
      task.verify();
      long length = task.layout().contentLength();
      for (long position = 0; position < length; ) {
        long moved = file.transferTo(position, length - position, target);
        if (moved <= 0) {
          throw endsAt(position);
        }
        position += moved;
      }
    }
  }

  /** See {@link StoredTask#contentDigest}. */
  Digest digest(Algorithm algorithm) throws IOException {
    Digest known = digests.get(algorithm);
    if (known != null) {
      return known;
    }
    try (Pin _ = pin()) {
      task.verify();
      long length = task.layout().contentLength();
      Digest.Calculator calculator = algorithm.newCalculator();
      ByteBuffer buffer = ByteBuffer.allocate(Math.clamp(length, 1, DIGEST_BUFFER_BYTES));
      for (long position = 0; position < length; ) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), length - position));
        int count = file.readFully(buffer, position);
        if (count == 0) {
          throw endsAt(position);
        }
        calculator.update(buffer.flip());
        position += count;
      }
      Digest digest = calculator.result();
      digests.put(algorithm, digest);
      return digest;
    }
  }

  /** See {@link StoredTask#isKnownToHave}. */
  boolean isKnownToHave(Digest digest) {
    return digest.equals(digests.get(digest.algorithm()));
  }

  private IOException endsAt(long position) {
    return new IOException("the file of task " + task.key() + " ends at " + position);
  }

  private Pin pin() {
    Pin pin = task.pin();
    if (!task.isComplete()) {
      pin.close();
      throw new IllegalStateException("task " + task.key() + " isn't complete");
    }
    return pin;
  }
}
